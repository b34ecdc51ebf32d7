import type { ComponentChildren } from 'preact';

export function Facts({ facts }: { facts: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd class="data">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
