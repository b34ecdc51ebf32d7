import { useMemo, useState } from 'preact/compat';
import { useLocation } from 'wouter-preact';
import { useCall } from '../api/calls';
import { comparisons } from '../api/comparisons';
import { datasets } from '../api/datasets';
import { models } from '../api/models';
import { runs } from '../api/runs';
import { pagePath, parentName, shortName } from '../format/names';
import { useProject } from '../state/project';
import { Dialog } from './Dialog';

interface Target {
  kind: string;
  label: string;
  path: string;
}

const NUM_EACH = 200;

function useTargets(): Target[] {
  const parent = parentName(useProject());
  const page = { parent, pageSize: NUM_EACH };
  const comparisonList = useCall(`palette/comparisons/${parent}`, () => comparisons.listComparisons(page));
  const runList = useCall(`palette/runs/${parent}`, () => runs.listRuns(page));
  const datasetList = useCall(`palette/datasets/${parent}`, () => datasets.listDatasets(page));
  const modelList = useCall(`palette/models/${parent}`, () => models.listModels(page));
  return useMemo(
    () => [
      ...['Comparisons', 'Runs', 'Datasets', 'Models', 'Baselines', 'Traces'].map((label) => ({
        kind: 'page',
        label,
        path: `/${label.toLowerCase()}`,
      })),
      ...(comparisonList.data?.comparisons ?? []).map((item) => ({
        kind: 'comparison',
        label: `${shortName(item.name)}  ${shortName(item.baselineModelVersion)} → ${shortName(item.candidateModelVersion)} on ${shortName(item.datasetVersion)}`,
        path: pagePath(item.name),
      })),
      ...(runList.data?.runs ?? []).map((item) => ({
        kind: 'run',
        label: `${shortName(item.name)}  ${shortName(item.modelVersion)} on ${shortName(item.datasetVersion)}`,
        path: pagePath(item.name),
      })),
      ...(datasetList.data?.datasets ?? []).map((item) => ({
        kind: 'dataset',
        label: shortName(item.name),
        path: pagePath(item.name),
      })),
      ...(modelList.data?.models ?? []).map((item) => ({
        kind: 'model',
        label: shortName(item.name),
        path: pagePath(item.name),
      })),
    ],
    [comparisonList.data, runList.data, datasetList.data, modelList.data],
  );
}

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const [, navigate] = useLocation();
  const targets = useTargets();
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = targets
    .filter(({ kind, label }) => {
      const whole = `${kind} ${label}`.toLowerCase();
      return words.every((word) => whole.includes(word));
    })
    .slice(0, 12);
  const go = (target: Target | undefined) => {
    if (target) {
      onClose();
      navigate(target.path);
    }
  };
  return (
    <Dialog label="Go to anything" onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        aria-label="Comparison, run, dataset, model or page"
        placeholder="comparison, run, dataset, model …"
        value={text}
        autofocus
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            const step = event.key === 'ArrowDown' ? 1 : -1;
            setChosen((chosen + step + found.length) % Math.max(1, found.length));
          } else if (event.key === 'Enter') {
            event.preventDefault();
            go(found[chosen]);
          }
        }}
      />
      <ul id="palette-list" role="listbox" aria-label="What was found" class="palette">
        {found.map((target, i) => (
          <li
            key={target.path}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => go(target)}
          >
            <span class="muted">{target.kind}</span> {target.label}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="muted">Nothing of that name among the newest {NUM_EACH} of each kind.</p>}
    </Dialog>
  );
}
