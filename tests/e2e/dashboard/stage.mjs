// What every test of the dashboard stands on: a real server on a fresh store with the example data,
// and Debian's Chromium on pages that may do nothing wrong.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = process.env.ASSAY_BIN;
const DATA = process.env.ASSAY_TEST_DATA;
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
      env: { PATH: process.env.PATH, ASSAY_ENDPOINT: this.endpoint, NO_COLOR: '1', LC_ALL: 'C.UTF-8', ...this.environment },
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

// Waits until nothing is loading and charts are drawn.
export async function settled(page) {
  await page.locator('main h1').first().waitFor();
  await page.waitForFunction(
    () =>
      document.querySelector('.skeleton') === null &&
      [...document.querySelectorAll('.plot-place')].every((place) => place.firstElementChild),
  );
}

// What axe-core finds wrong with a page, one line each.
export async function violations(page) {
  // The policy forbids script elements, so the source is evaluated by the debugger.
  await page.evaluate((await import('node:fs')).readFileSync(AXE, 'utf8'));
  const result = await page.evaluate(() => window.axe.run());
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target} ${node.failureSummary}`),
  );
}
