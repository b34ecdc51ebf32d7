import { useLayoutEffect } from 'preact/compat';

// Keys of the page that is open. Single letters rest while someone types, and can be switched off.

export interface KeyBinding {
  key: string; // as KeyboardEvent.key; `Ctrl+k` with the modifier
  what: string;
  run: (event: KeyboardEvent) => void;
}

const SWITCH = 'assay.keys';
const stack: KeyBinding[][] = [];

export function areKeysOn(): boolean {
  return localStorage.getItem(SWITCH) !== 'off';
}

export function switchKeys(isOn: boolean): void {
  localStorage.setItem(SWITCH, isOn ? 'on' : 'off');
}

// Every binding that works now, the innermost first.
export function currentKeys(): KeyBinding[] {
  return [...stack].reverse().flat();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

window.addEventListener('keydown', (event) => {
  const withControl = event.ctrlKey || event.metaKey;
  if (event.altKey || event.defaultPrevented) {
    return;
  }
  const name = withControl ? `Ctrl+${event.key.toLowerCase()}` : event.key;
  const isLetter = !withControl && event.key.length === 1;
  if (isLetter && (isTyping(event.target) || !areKeysOn())) {
    return;
  }
  if (document.querySelector('dialog[open]') && !withControl) {
    return;
  }
  const binding = currentKeys().find((candidate) => candidate.key === name);
  if (binding) {
    event.preventDefault();
    binding.run(event);
  }
});

export function useKeys(bindings: KeyBinding[]): void {
  // Before the next event: a key pressed right after another must not meet what that one saw.
  useLayoutEffect(() => {
    stack.push(bindings);
    return () => {
      stack.splice(stack.indexOf(bindings), 1);
    };
  });
}
