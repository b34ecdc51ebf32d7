// Texts that attack, servers that go away, callers without a token.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { settled, Stage } from './stage.mjs';

const PAYLOADS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "'-alert(1)-'",
  '</title><script>alert(1)</script>',
  '<iframe srcdoc="<script>parent.alert(1)</script>">',
  '<a href="javascript:alert(1)">x</a>',
  '{{constructor.constructor("alert(1)")()}}',
  '<style>*{background:url(//evil.example/x)}</style>',
  '<link rel=stylesheet href=//evil.example/x>',
  '<base href=//evil.example/>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '\u202eevil\u202c \u2066x\u2069',
  'a\u0000b\u0007\u001b[31m',
  '=HYPERLINK("http://evil.example","x")',
  '@SUM(1)',
  '%3Cscript%3Ealert(1)%3C/script%3E',
  '&lt;script&gt;',
  '\ufeff\u200b\u2028\u2029',
  '😀'.repeat(50),
];
const TRACE = 'a'.repeat(32);
const OTHER_TRACE = 'b'.repeat(32);
const LONG = 'x'.repeat(1_000_000);

let stage;
let comparison;

before(async () => {
  stage = await Stage.open();
  const lines = PAYLOADS.map((text, i) => ({ key: `${i} ${text}`, input: text, label: text, 'cohort.kind': text.slice(0, 60), [`note ${i}`]: text }));
  lines.push({ key: 'long', input: LONG, label: 'l', 'cohort.kind': 'long' });
  stage.write('rows.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
  stage.assay('dataset', 'push', 'hostile', 'rows.jsonl');
  for (const [activation, wrong] of [['<b>relu</b>', ''], ['<i onmouseover=alert(1)>', 'x']]) {
    stage.write(
      'answers.jsonl',
      lines
        .map((line) => JSON.stringify({ key: line.key, label: line.label + wrong, text: line.input.slice(0, 900_000), ...(line.key.startsWith('3') && wrong ? { error: '<script>alert(1)</script>' } : {}) }))
        .map((line) => line)
        .join('\n'),
    );
    stage.assay('model', 'push', 'bot', '--external', '--activation', activation, '--config', `note=<script>alert(1)</script>${wrong}`);
    stage.assay('outputs', 'push', '--model', 'bot@latest', '--dataset', 'hostile', 'answers.jsonl');
  }
  stage.write('rows.jsonl', lines.slice(1).map((line, i) => JSON.stringify({ ...line, input: `${line.input.slice(0, 1000)}${PAYLOADS[i % PAYLOADS.length]}` })).join('\n'));
  stage.assay('dataset', 'push', 'hostile', 'rows.jsonl');
  for (const traceId of [TRACE, OTHER_TRACE]) {
    const spans = PAYLOADS.map((name, i) => ({
      traceId,
      spanId: String(i + 1).padStart(16, '0'),
      ...(i > 0 ? { parentSpanId: '1'.padStart(16, '0') } : {}),
      name,
      startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
      endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n + BigInt(1000 * (i + 1))),
      attributes: [{ key: name, value: { stringValue: name } }],
    }));
    const answer = await fetch(`${stage.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    });
    assert.equal(answer.status, 200);
  }
  comparison = stage.diff('bot@1', 'bot@2', '--dataset', 'hostile@1').name.split('/').pop();
});

after(async () => {
  await stage.close();
});

describe('hostile texts', () => {
  test('are shown as text on every page and run nothing', async () => {
    const page = await stage.page();
    const paths = [
      '/comparisons',
      `/comparisons/${comparison}`,
      `/comparisons/${comparison}?all=1&wholemap=1`,
      '/datasets/hostile/versions/1',
      '/datasets/hostile/versions/1/diff/2',
      `/datasets/hostile/versions/1/diff/2?key=${encodeURIComponent(`0 ${PAYLOADS[0]}`)}`,
      `/datasets/hostile/versions/1/diff/2?key=${encodeURIComponent(`5 ${PAYLOADS[5]}`)}&column=input`,
      `/datasets/hostile/versions/1/diff/${encodeURIComponent('<script>alert(1)</script>')}`,
      `/comparisons/${comparison}/classes?pairs=1`,
      `/comparisons/${comparison}/classes?side=after&per=label&cell=${encodeURIComponent(JSON.stringify([PAYLOADS[0], `${PAYLOADS[0]}x`]))}`,
      `/comparisons/${comparison}/classes?cell=${encodeURIComponent('["<script>alert(1)</script>"')}`,
      `/comparisons/${comparison}/latency?metric=${encodeURIComponent('<script>alert(1)</script>')}`,
      `/comparisons/${comparison}/layers?layer=${encodeURIComponent('<script>alert(1)</script>')}`,
      `/traces/${TRACE}`,
      `/traces/${TRACE}/compare/${OTHER_TRACE}?sort=change`,
      `/traces/${TRACE}/compare/${OTHER_TRACE}?path=${encodeURIComponent(JSON.stringify([PAYLOADS[0], PAYLOADS[1]]))}`,
      `/traces/${TRACE}/compare/${encodeURIComponent('<script>alert(1)</script>')}`,
      '/models/bot',
      '/models/bot/versions/1',
      '/runs',
      `/comparisons/${comparison}?cohort=${encodeURIComponent('kind=<img src=x onerror=alert(1)>')}`,
      `/comparisons/${encodeURIComponent('<script>alert(1)</script>')}`,
      `/traces?resource=${encodeURIComponent('"><script>alert(1)</script>')}`,
      `/runs?at=${encodeURIComponent('<script>alert(1)</script>')}`,
    ];
    for (let row = 0; row <= PAYLOADS.length; row += 1) {
      paths.push(`/comparisons/${comparison}/rows/${row}`);
    }
    for (const path of paths) {
      await page.goto(stage.url + path);
      await page.locator('main h1, [role=alert]').first().waitFor();
      await page.waitForFunction(() => document.querySelector('.skeleton') === null);
      const markup = await page.evaluate(
        () => document.querySelectorAll('main script, main img, main iframe, main style, main base, main meta, main link, [onerror], [onload], [onmouseover]').length,
      );
      assert.equal(markup, 0, path);
    }
    // A refusal of the server shows on the console; nothing else may.
    assert.deepEqual(page.faults.filter((fault) => !/status of 40[04]/.test(fault)), []);
    await page.context().close();
  });

  test('are made visible where they would hide or reorder', async () => {
    const page = await stage.page();
    await stage.visit(page, `/comparisons/${comparison}/rows/12`);
    await page.getByText('⟦U+202E⟧').first().waitFor();
    await page.context().close();
  });

  test('are defused in CSV', async () => {
    const page = await stage.page({ permissions: ['clipboard-read', 'clipboard-write'] });
    await stage.visit(page, `/comparisons/${comparison}`);
    await page.locator('.grid-row').first().waitFor();
    await page.locator('.rows').getByRole('button', { name: 'Copy CSV' }).click();
    await page.getByText(/Copied .* as CSV/).waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(text, /"'=HYPERLINK/);
    assert.doesNotMatch(text, /(^|,)=HYPERLINK/m);
    await page.context().close();
  });
});

describe('a server that goes away', () => {
  test('leaves what was there, says so, and is found again when it is back', async () => {
    const page = await stage.page();
    await stage.visit(page, '/datasets/hostile');
    // The scripts of the other pages come when nothing else is to be done.
    for (const script of ['lists', 'trace']) {
      await page.waitForFunction(
        (name) => performance.getEntriesByType('resource').some((entry) => entry.name.includes(`/${name}-`) && entry.responseEnd > 0),
        script,
      );
    }
    const address = stage.http;
    await stage.stopServer();
    await page.locator('a[href="/models"]').click();
    await page.getByRole('alert').getByText('cannot be reached').first().waitFor();
    await page.locator('a[href="/datasets"]').click();
    await stage.startServer([], address);
    await page.locator('a[href="/models"]').click();
    await page.getByRole('button', { name: /Try again|Look again/ }).first().click();
    await page.locator('[role=gridcell]', { hasText: 'bot' }).first().waitFor();
    await page.context().close();
  });

  test('leaves a page whose script did not come to be tried again', async () => {
    const page = await stage.page();
    await page.route(/\/assets\/trace-/, (route) => route.abort());
    await stage.visit(page, '/datasets/hostile');
    await page.locator('a[href="/traces"]').click();
    await page.getByRole('alert').getByText('The script of this page did not come.').waitFor();
    await page.unroute(/\/assets\/trace-/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('[role=gridcell]').first().waitFor();
    assert.equal(new URL(page.url()).pathname, '/traces');
    await page.context().close();
  });

  test('two tabs do not disturb each other', async () => {
    const [one, two] = [await stage.page(), await stage.page()];
    await stage.visit(one, `/comparisons/${comparison}`);
    await stage.visit(two, '/runs');
    await one.keyboard.press('f');
    await one.waitForURL(/show=broken/);
    assert.equal(new URL(two.url()).search, '');
    await one.context().close();
    await two.context().close();
  });
});

// The page of a run that seems to be under way, whose stream does as `watch` says at first.
async function openRunUnderWay(watch) {
  const page = await stage.page();
  const answer = await fetch(`${stage.url}/assay.v1.RunService/ListRuns`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ parent: 'projects/default', pageSize: 1 }),
  });
  const [run] = (await answer.json()).runs;
  await page.route(/GetRun$/, (route) => route.fulfill({ json: { ...run, state: 'RUNNING' } }), { times: 1 });
  await page.route(/WatchRun$/, watch, { times: 1 });
  await page.goto(`${stage.url}/runs/${run.name.split('/').pop()}?wire=json`);
  return page;
}

describe('a run whose page is open', () => {
  test('is said to be gone when it is deleted', async () => {
    const end = Buffer.from(JSON.stringify({ error: { code: 'not_found', message: 'no such run' } }));
    const head = Buffer.from([2, 0, 0, 0, end.length]); // the end of a stream
    const page = await openRunUnderWay((route) =>
      route.fulfill({ contentType: 'application/connect+json', body: Buffer.concat([head, end]) }),
    );
    await page.getByRole('alert').getByText('no such run').waitFor();
    await page.context().close();
  });

  test('is said to be old while the server is away, and is followed again', async () => {
    let cut;
    const isCut = new Promise((resolve) => (cut = resolve));
    const page = await openRunUnderWay(async (route) => {
      await isCut;
      await route.abort();
    });
    await page.getByText('Running').first().waitFor();
    cut();
    await page.getByRole('status').filter({ hasText: /cannot be reached.*What you see is from/ }).waitFor();
    await page.getByText('Succeeded').first().waitFor();
    assert.equal(await page.getByText('cannot be reached').count(), 0);
    await page.context().close();
  });
});

describe('with tokens on', () => {
  test('the page asks once and keeps the token for its tab', async () => {
    const made = spawnSync(join(process.env.ASSAY_BIN, 'assay-server'), ['token', 'new', '--name', 'reader', '--role', 'admin'], { encoding: 'utf8' }).stdout;
    const [token, line] = made.trim().split('\n').map((part) => part.split(': ')[1]);
    const guarded = new Stage();
    guarded.folder = stage.folder;
    const file = stage.write('tokens', `${line}\n`);
    await stage.stopServer();
    await stage.startServer(['--token-file', file], stage.http);
    const page = await stage.page();
    await page.goto(`${stage.url}/datasets`);
    await page.getByLabel(/wants a token/).fill(token);
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.locator('[role=gridcell]', { hasText: 'hostile' }).first().waitFor();
    await page.reload();
    await page.locator('[role=gridcell]', { hasText: 'hostile' }).first().waitFor();

    const other = await stage.page();
    await other.goto(`${stage.url}/datasets#token=${token}`);
    await other.locator('[role=gridcell]', { hasText: 'hostile' }).first().waitFor();
    assert.equal(new URL(other.url()).hash, '');
    assert.deepEqual(other.faults, []);
    await settled(other);
    await page.context().close();
    await other.context().close();
  });
});
