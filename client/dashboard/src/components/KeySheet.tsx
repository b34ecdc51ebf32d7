import { useState } from 'preact/compat';
import { areKeysOn, currentKeys, switchKeys } from '../state/keys';
import { Dialog } from './Dialog';

const NAMES: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  'Ctrl+k': 'Ctrl K',
  Escape: 'Esc',
};

export function KeySheet({ onClose }: { onClose: () => void }) {
  const [isOn, setOn] = useState(areKeysOn());
  return (
    <Dialog label="Keys" onClose={onClose}>
      <h2>Keys on this page</h2>
      <dl class="keys">
        {currentKeys().map(({ key, what }) => (
          <div key={key + what}>
            <dt>
              <kbd>{NAMES[key] ?? key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label>
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            switchKeys(event.currentTarget.checked);
            setOn(event.currentTarget.checked);
          }}
        />{' '}
        single-letter keys work
      </label>
      <form method="dialog">
        <button>Close</button>
      </form>
    </Dialog>
  );
}
