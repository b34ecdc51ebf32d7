import { useCall } from '../api/calls';
import type { Baseline } from '../api/gen/assay/v1/baseline_service_pb';
import { baselines } from '../api/baselines';
import { useTitle } from '../components/Layout';
import { Loaded } from '../components/States';
import { Badge, ResourceLink, RowText, When } from '../components/Words';
import { parentName, shortName } from '../format/names';
import { millis, utc } from '../format/time';
import { useProject } from '../state/project';
import { ListPage } from './List';

const PAGE_SIZE = 100;

function Validity({ baseline }: { baseline: Baseline }) {
  return baseline.expired ? (
    <Badge tone="bad" glyph="✗" word="Expired" />
  ) : (
    <Badge tone="good" glyph="✓" word="Holds" />
  );
}

export function BaselinesPage() {
  const parent = parentName(useProject());
  return (
    <ListPage<Baseline>
      title="Baselines"
      listKey={`baselines/${parent}`}
      load={async (pageToken, signal) => {
        const page = await baselines.listBaselines({ parent, pageSize: PAGE_SIZE, pageToken }, { signal });
        return { items: page.baselines, nextToken: page.nextPageToken };
      }}
      empty="No baseline has been set."
      command='assay baseline set RUN --reason "accepted for release"'
      csvRow={(item) => ({
        baseline: shortName(item.name),
        run: shortName(item.run),
        model: shortName(item.modelVersion),
        dataset: shortName(item.datasetVersion),
        reason: item.reason,
        actor: item.actor,
        since: utc(millis(item.setTime) ?? 0),
        expired: String(item.expired),
      })}
      columns={[
        { id: 'holds', title: 'state', width: '120px', render: (item) => <Validity baseline={item} /> },
        { id: 'name', title: 'baseline', width: 'minmax(120px, 1fr)', render: (item) => <ResourceLink name={item.name} /> },
        { id: 'run', title: 'run', width: '90px', render: (item) => <ResourceLink name={item.run} /> },
        { id: 'model', title: 'model', width: 'minmax(110px, 1fr)', render: (item) => <ResourceLink name={item.modelVersion} /> },
        { id: 'dataset', title: 'dataset', width: 'minmax(110px, 1fr)', render: (item) => <ResourceLink name={item.datasetVersion} /> },
        { id: 'reason', title: 'why', width: 'minmax(120px, 2fr)', render: (item) => <RowText text={item.reason} maxChars={120} /> },
        { id: 'actor', title: 'by', width: '120px', render: (item) => <RowText text={item.actor} /> },
        { id: 'when', title: 'since', width: '110px', render: (item) => <When time={item.setTime} /> },
      ]}
    />
  );
}

// Everything a baseline stood for, newest first.
export function BaselinePage({ name }: { name: string }) {
  useTitle(`baseline ${shortName(name)}`);
  const call = useCall(`baseline/${name}`, () => baselines.listBaselineHistory({ name, pageSize: 1000 }));
  return (
    <>
      <h1>Baseline {shortName(name)}</h1>
      <Loaded call={call} what="the history">
        {({ baselines: history }) => (
          <table>
            <thead>
              <tr>
                <th>run</th>
                <th>model</th>
                <th>dataset</th>
                <th>why</th>
                <th>by</th>
                <th>since</th>
                <th>until</th>
              </tr>
            </thead>
            <tbody>
              {history.map((entry, i) => (
                <tr key={i}>
                  <th scope="row">
                    <ResourceLink name={entry.run} />
                  </th>
                  <td>
                    <ResourceLink name={entry.modelVersion} />
                  </td>
                  <td>
                    <ResourceLink name={entry.datasetVersion} />
                  </td>
                  <td>
                    <RowText text={entry.reason} maxChars={160} />
                  </td>
                  <td>
                    <RowText text={entry.actor} />
                  </td>
                  <td>
                    <When time={entry.setTime} />
                  </td>
                  <td>{entry.expireTime ? utc(millis(entry.expireTime)!) : 'for good'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
    </>
  );
}
