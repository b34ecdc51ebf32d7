// Resource names of the API, the short forms that people type, and the addresses of pages.

// `projects/default/datasets/digits/versions/3` -> `digits@3`, other names -> their last id.
export function shortName(name: string): string {
  const version = /^projects\/[^/]+\/(?:datasets|models)\/([^/]+)\/versions\/(.+)$/.exec(name);
  if (version) {
    return `${version[1]}@${version[2]}`;
  }
  return name.slice(name.lastIndexOf('/') + 1);
}

// The page of a resource within its project: the name without it.
export function pagePath(name: string): string {
  return '/' + name.replace(/^projects\/[^/]+\//, '').split('/').map(encodeURIComponent).join('/');
}

// The project that a page address is about.
export function projectOf(path: string): string {
  const match = /^\/projects\/([^/]+)/.exec(path);
  return match ? decodeURIComponent(match[1]!) : 'default';
}

export function parentName(project: string): string {
  return `projects/${project}`;
}
