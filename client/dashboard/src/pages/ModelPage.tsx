import { useCall } from '../api/calls';
import type { ModelVersion } from '../api/gen/assay/v1/model_service_pb';
import { models } from '../api/models';
import { useTitle } from '../components/Layout';
import { Link } from '../components/Link';
import { Loaded } from '../components/States';
import { FullText, ResourceLink, When } from '../components/Words';
import { pagePath, shortName } from '../format/names';
import { count } from '../format/numbers';
import { visible } from '../format/text';
import { Facts } from '../components/Facts';

// What identifies a version, as pairs that can be set side by side.
function traits(version: ModelVersion): Map<string, string> {
  return new Map([
    ['activation', version.activation],
    ['weights', version.weightsDigest],
    ['architecture', version.architecture],
    ['dtype', version.dtype],
    ['quantization', version.quantization],
    ['preprocessing', version.preprocessing],
    ...(version.external
      ? []
      : ([
          ['runs in', version.numerics],
          ['derived by', version.derivation],
        ] as [string, string][])),
    ...Object.entries(version.config).map(([key, value]): [string, string] => [`config ${key}`, value]),
  ]);
}

function changes(version: ModelVersion, previous: ModelVersion | undefined): [string, string, string][] {
  if (!previous) {
    return [];
  }
  const now = traits(version);
  const then = traits(previous);
  return [...new Set([...then.keys(), ...now.keys()])]
    .filter((key) => (now.get(key) ?? '') !== (then.get(key) ?? ''))
    .map((key) => [key, then.get(key) || 'not declared', now.get(key) || 'not declared']);
}

export function ModelPage({ name }: { name: string }) {
  useTitle(shortName(name));
  const call = useCall(`model-versions/${name}`, () =>
    models.listModelVersions({ parent: name, pageSize: 1000 }),
  );
  return (
    <>
      <div class="bar">
        <h1>Model {shortName(name)}</h1>
        <Link href={`${pagePath(name)}/history`}>history of its metrics</Link>
      </div>
      <Loaded call={call} what="the versions">
        {({ versions }) => (
          <table>
            <thead>
              <tr>
                <th>version</th>
                <th>activation</th>
                <th>changed since the version before</th>
                <th>digest</th>
                <th>when</th>
              </tr>
            </thead>
            <tbody>
              {versions.map((version, i) => (
                <tr key={version.name}>
                  <th scope="row">
                    <ResourceLink name={version.name} />
                  </th>
                  <td class="data">{visible(version.activation) || '–'}</td>
                  <td class="data">
                    {changes(version, versions[i + 1]).map(([key, then, now]) => (
                      <div key={key}>
                        {key}: <bdi>{visible(then).slice(0, 40)}</bdi> → <bdi>{visible(now).slice(0, 40)}</bdi>
                      </div>
                    ))}
                  </td>
                  <td class="data">{version.digest.slice(0, 19)}…</td>
                  <td>
                    <When time={version.createTime} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
    </>
  );
}

export function ModelVersionPage({ name }: { name: string }) {
  useTitle(shortName(name));
  const call = useCall(`model-version/${name}`, () => models.getModelVersion({ name }));
  return <Loaded call={call} what="the version">{(version) => <View version={version} />}</Loaded>;
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 1);
  } catch {
    return json;
  }
}

function View({ version }: { version: ModelVersion }) {
  const parent = version.name.replace(/\/models\/.*/, '');
  const sets = useCall(`output-sets/${version.name}`, () =>
    models.listOutputSets({ parent, modelVersion: version.name, pageSize: 200 }),
  );
  return (
    <>
      <div class="bar">
        <h1>{shortName(version.name)}</h1>
        <span class="muted">
          <When time={version.createTime} /> ·{' '}
          <Link href={pagePath(version.name.replace(/\/versions\/.*/, ''))}>all versions</Link> ·{' '}
          <Link href={`/runs?model=${encodeURIComponent(version.name)}`}>runs of it</Link>
        </span>
      </div>
      <Facts
        facts={[
          ['digest', version.digest],
          ['made', version.external ? 'elsewhere; only its outputs are known' : 'from artifacts that the server holds'],
          ...[...traits(version)].map(([key, value]): [string, string] => [key, visible(value) || 'not declared']),
        ]}
      />
      {version.architectureJson !== '' && (
        <details>
          <summary>Architecture</summary>
          <FullText text={indented(version.architectureJson)} />
        </details>
      )}
      <section aria-labelledby="outputs-title">
        <h2 id="outputs-title">Outputs</h2>
        <Loaded call={sets} what="the outputs">
          {({ outputSets }) =>
            outputSets.length === 0 ? (
              <p class="muted">
                None yet. <code>assay outputs push --model {shortName(version.name)} --dataset NAME answers.jsonl</code>
              </p>
            ) : (
              <table>
                <thead>
                  <tr>
                    <th>output set</th>
                    <th>dataset</th>
                    <th class="number">outputs</th>
                    <th>machine</th>
                    <th>when</th>
                  </tr>
                </thead>
                <tbody>
                  {outputSets.map((set) => (
                    <tr key={set.name}>
                      <th scope="row" class="data">
                        {shortName(set.name)}
                      </th>
                      <td>
                        <ResourceLink name={set.datasetVersion} />
                      </td>
                      <td class="number">{count(set.numRows)}</td>
                      <td class="data">{visible(set.machine) || '–'}</td>
                      <td>
                        <When time={set.createTime} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Loaded>
      </section>
    </>
  );
}
