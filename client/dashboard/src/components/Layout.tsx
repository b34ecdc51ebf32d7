import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/compat';
import { useLocation } from 'wouter-preact';
import { toggleTheme } from '../state/theme';
import { useKeys } from '../state/keys';
import { PALETTE } from '../routes';
import { KeySheet } from './KeySheet';
import { LazyPart } from './LazyPart';
import { say } from './Announcer';
import { Link } from './Link';

const SECTIONS: [string, string][] = [
  ['/comparisons', 'Comparisons'],
  ['/runs', 'Runs'],
  ['/datasets', 'Datasets'],
  ['/models', 'Models'],
  ['/baselines', 'Baselines'],
  ['/traces', 'Traces'],
];

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the clipboard permission, or over plain HTTP from another machine.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'offscreen';
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  say(`Copied ${what}`);
}

export function Layout({ children }: { children: ComponentChildren }) {
  const [path] = useLocation();
  const [isSheetOpen, setSheetOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  useKeys([
    { key: '?', what: 'Show these keys', run: () => setSheetOpen(true) },
    { key: 'Ctrl+k', what: 'Go to anything', run: () => setPaletteOpen(true) },
    { key: 't', what: 'Dark or light', run: toggleTheme },
    { key: 'y', what: 'Copy the address of this view', run: () => void copyText(location.href, 'the address') },
  ]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <Link href="/comparisons" class="brand">
          Assay
        </Link>
        <nav aria-label="Sections">
          {SECTIONS.map(([href, label]) => (
            <Link key={href} href={href} aria-current={path.startsWith(href) ? 'page' : undefined}>
              {label}
            </Link>
          ))}
        </nav>
        <div class="tools">
          <button type="button" onClick={() => setPaletteOpen(true)} title="Go to anything (Ctrl-K)">
            Go to… <kbd>Ctrl K</kbd>
          </button>
          <button type="button" onClick={toggleTheme} aria-label="Dark or light" title="Dark or light (t)">
            ◐
          </button>
          <button type="button" onClick={() => setSheetOpen(true)} aria-label="Keys" title="Keys (?)">
            ?
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {isSheetOpen && <KeySheet onClose={() => setSheetOpen(false)} />}
      {isPaletteOpen && <LazyPart of={PALETTE} onClose={() => setPaletteOpen(false)} />}
    </>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? 'Assay' : `${title} · Assay`;
  }, [title]);
}
