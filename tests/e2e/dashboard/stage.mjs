// What every test of the dashboard stands on: a real server on a fresh store with the example data,
// and Debian's Chromium on pages that may do nothing wrong.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = process.env.ASSAY_BIN;
const DATA = process.env.ASSAY_TEST_DATA;
/** What ctest sets for instrumented programs. */
const SANITIZERS = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^[A-Z]+SAN_OPTIONS$/.test(name)));
const require = createRequire(join(process.env.ASSAY_SOURCE, 'client/dashboard/package.json'));
const { chromium } = require('playwright-core');
const AXE = require.resolve('axe-core/axe.min.js');

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--font-render-hinting=none',
];

export class Stage {
  static async open(flags = []) {
    const stage = new Stage();
    stage.folder = mkdtempSync(join(tmpdir(), 'assay-dashboard-'));
    await stage.startServer(flags);
    stage.browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: FLAGS,
    });
    return stage;
  }

  async startServer(flags = [], httpListen = '127.0.0.1:0') {
    this.server = spawn(
      join(BIN, 'assay-server'),
      ['--data-dir', join(this.folder, 'store'), '--listen', '127.0.0.1:0', '--http-listen', httpListen, ...flags],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.log = '';
    this.server.stderr.on('data', (data) => (this.log += data));
    const line = await new Promise((resolve, reject) => {
      this.server.stdout.once('data', (data) => resolve(String(data)));
      this.server.once('exit', () => reject(new Error(`no ready line: ${this.log}`)));
    });
    const [, grpc, http] = /^ready grpc=(\S+) http=(\S+)/.exec(line);
    this.endpoint = grpc;
    this.http = http;
    this.url = `http://${http}`;
  }

  async stopServer() {
    const ended = new Promise((resolve) => this.server.once('exit', resolve));
    this.server.kill('SIGTERM');
    return ended;
  }

  async close() {
    await this.browser.close();
    if (this.server.exitCode === null) {
      await this.stopServer();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  // Runs one command of the command line; exit codes of verdicts are no failure.
  assay(...args) {
    const result = spawnSync(join(BIN, 'assay'), args, {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      cwd: this.folder,
      env: { ...SANITIZERS, PATH: process.env.PATH, ASSAY_ENDPOINT: this.endpoint, NO_COLOR: '1', LC_ALL: 'C.UTF-8', ...this.environment },
    });
    if (![0, 1, 4].includes(result.status)) {
      throw new Error(`assay ${args.join(' ')}: ${result.status} ${result.stdout}${result.stderr}`);
    }
    return result.stdout;
  }

  write(name, text) {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  diff(...args) {
    return JSON.parse(this.assay('diff', ...args, '-o', 'json'));
  }

  // The quickstart's data: a classifier and an embedding model on digits, a search engine.
  loadExamples() {
    const digits = join(DATA, 'digits');
    this.assay('dataset', 'push', 'digits', join(digits, 'examples.jsonl'));
    for (const [model, activations] of [['mlp', ['relu', 'silu']], ['embed', ['gelu', 'silu']]]) {
      for (const activation of activations) {
        this.assay('model', 'push', model, '--external', '--activation', activation);
        this.assay('outputs', 'push', '--model', `${model}@latest`, '--dataset', 'digits', join(digits, `${model}_${activation}.jsonl`));
      }
    }
    const robust = join(DATA, 'robust03');
    this.assay('dataset', 'push', 'robust03', '--qrels', join(robust, 'qrels.txt'));
    for (const system of ['fub03IeOLKe3', 'oce03noXbmD']) {
      this.assay('model', 'push', 'search', '--external', '--config', `system=${system}`);
      this.assay('outputs', 'push', '--model', 'search@latest', '--dataset', 'robust03', join(robust, `${system}.run`));
    }
    const id = (comparison) => comparison.name.split('/').pop();
    this.search = id(this.diff('search@1', 'search@2', '--dataset', 'robust03', '--max-drop', 'nDCG@10=0.02'));
    this.embed = id(this.diff('embed@1', 'embed@2', '--dataset', 'digits', '--max-drop', 'cosine=0.02'));
    this.mlp = id(this.diff('mlp@1', 'mlp@2', '--dataset', 'digits', '--max-drop', 'accuracy=0.02'));
  }

  // Outputs with classes, confidences and latencies. The second version mistakes more A for B, is
  // surer of itself and 20 µs slower. Then a second version of the dataset.
  loadTimed() {
    const labels = ['A', 'B', 'C'];
    const examples = Array.from({ length: 240 }, (_, i) => ({
      key: `t${i}`,
      input: `question number ${i}`,
      label: labels[i % 3],
      'cohort.half': i < 120 ? 'first' : 'second',
    }));
    const lines = (rows) => rows.map((row) => JSON.stringify(row)).join('\n');
    this.write('timed.jsonl', lines(examples));
    this.assay('dataset', 'push', 'timed', 'timed.jsonl');
    const answers = (version) =>
      examples.map(({ key, label }, i) => {
        const isWrong = i % 10 === 0 || (version === 2 && label === 'A' && i % 4 === 0);
        const answer = isWrong ? labels[(labels.indexOf(label) + 1) % 3] : label;
        const confidence = 0.5 + (i % 40) / 100 + (version === 2 ? 0.08 : 0);
        return {
          key,
          label: answer,
          probabilities: labels.map((other) => (other === answer ? confidence : (1 - confidence) / 2)),
          latency_us: 100 + ((i * 37) % 97) + (version === 2 ? 20 : 0),
        };
      });
    const runs = [1, 2].map((version) => {
      this.assay('model', 'push', 'timed', '--external', '--config', `build=${version}`);
      this.write('answers.jsonl', lines(answers(version)));
      this.assay('outputs', 'push', '--model', 'timed@latest', '--dataset', 'timed', 'answers.jsonl');
      const run = JSON.parse(
        this.assay('eval', '--dataset', 'timed', '--model', 'timed', '--evaluator', 'latency', '--evaluator', 'ground_truth_match:labels=A|B|C,accuracy,macro_f1,per_class,ece,ece_mass', '-o', 'json'),
      );
      return run.name.split('/').pop();
    });
    this.timed = this.diff(`run:${runs[0]}`, `run:${runs[1]}`).name.split('/').pop();
    this.timedRun = runs[1];
    const edited = examples.slice(1).map((row) => (row.key === 't7' ? { ...row, input: 'question number seven' } : row));
    this.write('timed.jsonl', lines([...edited, { key: 'new', input: 'one more', label: 'A', 'cohort.half': 'first' }]));
    this.assay('dataset', 'push', 'timed', 'timed.jsonl');
    this.write('answers.jsonl', lines(edited.map(({ key, label }) => ({ key, label }))));
    this.assay('model', 'push', 'timed', '--external', '--config', 'build=3');
    this.assay('outputs', 'push', '--model', 'timed@latest', '--dataset', 'timed', 'answers.jsonl');
    const later = JSON.parse(this.assay('eval', '--dataset', 'timed', '--model', 'timed', '-o', 'json')).name.split('/').pop();
    this.edited = this.diff(`run:${runs[0]}`, `run:${later}`, '--allow-confounded').name.split('/').pop();
  }

  // Models that the server runs itself, checked layer by layer: a classifier, and an embedding model
  // that searches documents.
  loadChecks() {
    const models = join(DATA, 'reference_models');
    const push = (name, file) =>
      this.assay('model', 'push', name, '--architecture', join(models, `${file}.arch.json`), '--weights', join(models, `${file}.safetensors`));
    const check = (...args) => JSON.parse(this.assay('check', ...args, '-o', 'json')).comparison.name.split('/').pop();
    this.assay('dataset', 'push', 'digits', join(DATA, 'digits', 'examples.jsonl'));
    push('classifier', 'mlp_relu');
    this.check = check('classifier@1', '--dataset', 'digits', '--activation', 'relu=silu');
    const [head, ...rows] = readFileSync(join(models, 'digits.csv'), 'ascii').trim().split(/\r?\n/).map((line) => line.split(','));
    const records = rows.map((row) => Object.fromEntries(row.map((value, i) => [head[i], value])));
    const features = (record) => Array.from({ length: 64 }, (_, i) => Number(record[`p${i}`]));
    const documents = records.filter((record) => record.split === 'train').slice(0, 100);
    const queries = records.filter((record) => record.split === 'test').slice(0, 40);
    const relevant = (label) => Object.fromEntries(documents.filter((record) => record.label === label).map((record) => [`d${record.row}`, 1]));
    const lines = (items) => items.map((item) => JSON.stringify(item)).join('\n');
    this.write('documents.jsonl', lines(documents.map((record) => ({ key: `d${record.row}`, features: features(record) }))));
    this.write('queries.jsonl', lines(queries.map((record) => ({ key: `q${record.row}`, features: features(record), relevance: relevant(record.label) }))));
    this.assay('dataset', 'push', 'search', 'queries.jsonl', '--documents', 'documents.jsonl');
    push('embedder', 'embed_gelu');
    this.stale = check('embedder@1', '--dataset', 'search', '--activation', 'gelu=quick_gelu');
  }

  // A page of its own browser context. `faults` collects what no page may do: errors on the console
  // (refusals by the policy are among them), foreign requests, dialogs.
  async page(options = {}) {
    const context = await this.browser.newContext({
      viewport: { width: 1400, height: 1000 },
      reducedMotion: 'reduce',
      ...options,
    });
    const page = await context.newPage();
    page.faults = [];
    page.on('console', (message) => {
      if (message.type() === 'error') {
        page.faults.push(`console: ${message.text()}`);
      }
    });
    page.on('pageerror', (error) => page.faults.push(`error: ${error}`));
    page.on('dialog', (dialog) => {
      page.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.host !== this.http) {
        page.faults.push(`foreign request: ${url}`);
      }
    });
    page.setDefaultTimeout(15_000);
    return page;
  }

  async visit(page, path) {
    await page.goto(this.url + path);
    await settled(page);
  }
}

// Runs `steps` on a page of its own and expects it to have done nothing wrong.
export async function onPage(stage, path, steps, options) {
  const page = await stage.page(options);
  try {
    await stage.visit(page, path);
    await steps(page);
    assert.deepEqual(page.faults, []);
  } finally {
    await page.context().close();
  }
}

// Waits until nothing is loading and charts are drawn.
export async function settled(page) {
  await page.locator('main h1').first().waitFor();
  await page.waitForFunction(
    () =>
      document.querySelector('.skeleton') === null &&
      [...document.querySelectorAll('.plot-place')].every((place) => place.firstElementChild),
  );
}

// What the page says, without how long ago things were.
export async function shown(page) {
  return (await page.locator('main').innerText()).replace(/just now|\d+ \w+ ago/g, '');
}

// A reload of an address shows what was there before. Links that need calls of their own come after
// what the page is about, so both are read when no call runs.
export async function reloads(page) {
  const whole = async () => {
    await settled(page);
    await page.waitForLoadState('networkidle');
    return shown(page);
  };
  const before = await whole();
  await page.reload();
  assert.equal(await whole(), before);
}

// What axe-core finds wrong with a page, one line each.
export async function violations(page) {
  // The policy forbids script elements, so the source is evaluated by the debugger.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const result = await page.evaluate(() => window.axe.run());
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target} ${node.failureSummary}`),
  );
}
