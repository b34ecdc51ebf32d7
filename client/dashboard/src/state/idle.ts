// Runs `work` once nothing else is to be done; not every browser says when that is.
export function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in window) {
    requestIdleCallback(work);
  } else {
    setTimeout(work, 50);
  }
}
