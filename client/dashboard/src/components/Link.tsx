import type { ComponentChildren, TargetedMouseEvent } from 'preact';
import { useRouter } from 'wouter-preact';
import { navigate } from 'wouter-preact/use-browser-location';

// Others open the address elsewhere.
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
}

function follow(event: TargetedMouseEvent<HTMLAnchorElement>): void {
  if (isPlainClick(event)) {
    event.preventDefault();
    navigate(event.currentTarget.getAttribute('href')!);
  }
}

// A link within the dashboard. Unlike wouter's it does not listen for changes of the address, which
// it does not need: a page has hundreds of links, and every filter draws them again.
export function Link({
  href,
  children,
  ...attributes
}: {
  href: string;
  children: ComponentChildren;
  class?: string;
  title?: string;
  tabIndex?: number;
  'aria-label'?: string;
  'aria-current'?: 'page' | 'true' | undefined;
}) {
  const { base } = useRouter();
  return (
    <a {...attributes} href={base + href} onClick={follow}>
      {children}
    </a>
  );
}
