import type { FunctionComponent } from 'preact';
import { projectOf } from './format/names';
import { whenIdle } from './state/idle';

// The pages by their addresses. Each is a script of its own, fetched when it is first needed.

export interface Lazy<Props> {
  load: () => Promise<void>;
  Component: FunctionComponent<Props> | undefined; // once it is loaded
}

export type Params = Record<string, string>;

export interface Page extends Lazy<object> {
  path: string; // below the project, with `:names` of parameters
  props: (parent: string, params: Params) => object;
}

type PropsOf<Component> = Component extends (props: infer Props) => unknown ? Props : never;

function lazy<Module, Name extends keyof Module>(load: () => Promise<Module>, name: Name): Lazy<PropsOf<Module[Name]>> {
  const part: Lazy<PropsOf<Module[Name]>> = {
    load: async () => {
      part.Component ??= (await load())[name] as typeof part.Component;
    },
    Component: undefined,
  };
  return part;
}

const pages: Page[] = [];

function page<Module, Name extends keyof Module>(
  path: string,
  load: () => Promise<Module>,
  name: Name,
  props: (parent: string, params: Params) => PropsOf<Module[Name]>,
): void {
  pages.push(Object.assign(lazy(load, name), { path, props: props as Page['props'] }) as Page);
}

const lists = () => import('./pages/lists');
const datasets = () => import('./pages/DatasetPage');
const models = () => import('./pages/ModelPage');
const baselines = () => import('./pages/BaselinesPage');

const nothing = () => ({});
const comparison = (parent: string, { id }: Params) => ({ name: `${parent}/comparisons/${id}` });
const model = (parent: string, { model }: Params) => ({ name: `${parent}/models/${model}` });
const datasetVersion = (parent: string, { dataset, version }: Params) => `${parent}/datasets/${dataset}/versions/${version}`;

page('/comparisons', lists, 'ComparisonsPage', nothing);
page('/comparisons/:id', () => import('./pages/comparison/ComparisonPage'), 'ComparisonPage', comparison);
page('/comparisons/:id/rows/:row', () => import('./pages/comparison/RowPage'), 'RowPage', (parent, params) => ({
  ...comparison(parent, params),
  row: Number(params.row),
}));
page('/comparisons/:id/classes', () => import('./pages/classes/ClassesPage'), 'ClassesPage', comparison);
page('/comparisons/:id/latency', () => import('./pages/latency/LatencyPage'), 'LatencyPage', comparison);
page('/comparisons/:id/layers', () => import('./pages/layers/LayersPage'), 'LayersPage', comparison);
page('/runs', lists, 'RunsPage', nothing);
page('/runs/:id', () => import('./pages/RunPage'), 'RunPage', (parent, { id }) => ({ name: `${parent}/runs/${id}` }));
page('/datasets', lists, 'DatasetsPage', nothing);
page('/datasets/:dataset', datasets, 'DatasetPage', (parent, { dataset }) => ({ name: `${parent}/datasets/${dataset}` }));
page('/datasets/:dataset/versions/:version', datasets, 'DatasetVersionPage', (parent, params) => ({
  name: datasetVersion(parent, params),
}));
page(
  '/datasets/:dataset/versions/:version/diff/:other',
  () => import('./pages/dataset/DatasetDiffPage'),
  'DatasetDiffPage',
  (parent, params) => ({
    before: datasetVersion(parent, params),
    after: datasetVersion(parent, { ...params, version: params.other! }),
  }),
);
page('/models', lists, 'ModelsPage', nothing);
page('/models/:model', models, 'ModelPage', model);
page('/models/:model/history', () => import('./pages/HistoryPage'), 'HistoryPage', (_, { model }) => ({ model: model! }));
page('/models/:model/versions/:version', models, 'ModelVersionPage', (parent, { model, version }) => ({
  name: `${parent}/models/${model}/versions/${version}`,
}));
page('/baselines', baselines, 'BaselinesPage', nothing);
page('/baselines/:id', baselines, 'BaselinePage', (parent, { id }) => ({ name: `${parent}/baselines/${id}` }));
page('/traces', () => import('./pages/trace/TracesPage'), 'TracesPage', nothing);
page('/traces/:id', () => import('./pages/trace/TracePage'), 'TracePage', (parent, { id }) => ({ name: `${parent}/traces/${id}` }));
page('/traces/:id/compare/:other', () => import('./pages/trace/ComparePage'), 'TraceComparePage', (parent, { id, other }) => ({
  before: `${parent}/traces/${id}`,
  after: `${parent}/traces/${other}`,
}));

export const PAGES: readonly Page[] = pages;

export const PALETTE = lazy(() => import('./components/Palette'), 'Palette');

// An address below that of its project.
export function pathWithin(pathname: string): string {
  return projectOf(pathname) === 'default' ? pathname : pathname.replace(/^\/projects\/[^/]+/, '');
}

// The page at an address; absent when there is none.
export function pageAt(pathname: string): Page | undefined {
  const path = pathWithin(pathname).replace(/\/$/, '') || '/comparisons';
  return PAGES.find((page) => new RegExp(`^${page.path.replace(/:\w+/g, '[^/]+')}$`).test(path));
}

// Fetches the other pages in moments in which nothing happens, so that they open at once, and open
// when the server is away.
export async function loadOthers(): Promise<void> {
  for (const { load } of [PALETTE, ...PAGES]) {
    await new Promise<void>(whenIdle);
    await load().catch(() => {}); // asked for again when it is needed
  }
}
