// What the dashboard takes on a large comparison, in Debian's Chromium.
//
// Usage: dashboard_figures.mjs SOURCE_DIR URL COMPARISON [TRACE]
//
// URL is a running server, COMPARISON the id of a large comparison on it, TRACE a trace with many
// spans. Prints milliseconds, medians of several rounds in fresh browser contexts, from the page's
// own clock: since the navigation began, until what is waited for has been painted.

import { createRequire } from 'node:module';
import http from 'node:http';
import { join } from 'node:path';

const [source, url, comparison, trace] = process.argv.slice(2);
const { chromium } = createRequire(join(source, 'client/dashboard/package.json'))('playwright-core');
const ROUNDS = 5;
// The window of a fresh context loads pages of the browser's own, half a second of a processor.
const SETTLE_MS = 2000;

// What a reader waits for.
const SIGHTS = {
  first: "document.querySelector('.verdict') && document.querySelector('#metrics-title') && document.querySelectorAll('.grid-row').length > 5",
  charts: "document.querySelector('.plot-place') && [...document.querySelectorAll('.plot-place')].every((place) => place.firstElementChild)",
  spans: "document.querySelectorAll('.bar-span').length > 5",
};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const say = (what, values, unit = 'ms') =>
  console.log(`${what}: ${median(values).toFixed(1)} ${unit} (${values.map((value) => value.toFixed(1)).join(', ')})`);

async function inPage(browser, steps) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, bypassCSP: true });
  const page = await context.newPage();
  await page.waitForTimeout(SETTLE_MS);
  for (const [name, condition] of Object.entries(SIGHTS)) {
    await page.addInitScript(`{
      const look = () => requestAnimationFrame(() => (${condition}) ? requestAnimationFrame(() => setTimeout(() => (window.seen_${name} = performance.now()))) : look());
      look();
    }`);
  }
  const result = await steps(page);
  await context.close();
  return result;
}

async function timeOf(page, sight) {
  return (await page.waitForFunction(`window.seen_${sight}`)).jsonValue();
}

// Until `condition`, a function of the page, holds, from the page's own clock.
function timeUntil(page, act, condition) {
  return page.evaluate(
    async ([actText, conditionText]) => {
      const begin = performance.now();
      new Function(actText)();
      const holds = new Function(`return ${conditionText}`);
      while (!holds()) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
      return performance.now() - begin;
    },
    [act, condition],
  );
}

function unaryCalls(count) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const { hostname, port } = new URL(url);
  const call = () =>
    new Promise((resolve, reject) => {
      const begin = process.hrtime.bigint();
      const request = http.request(
        { agent, hostname, port, method: 'POST', path: '/assay.v1.AdminService/GetServerInfo', headers: { 'content-type': 'application/json' } },
        (answer) => answer.resume().on('end', () => resolve(Number(process.hrtime.bigint() - begin) / 1e6)),
      );
      request.on('error', reject).end('{}');
    });
  return (async () => {
    const times = [];
    for (let i = 0; i < count; i += 1) {
      times.push(await call());
    }
    agent.destroy();
    return times.slice(count / 10).sort((a, b) => a - b);
  })();
}

const calls = await unaryCalls(2000);
console.log(`unary call, keep-alive: p50 ${median(calls).toFixed(3)} ms, p99 ${calls[Math.floor(calls.length * 0.99)].toFixed(3)} ms`);

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'] });
const first = [];
const charts = [];
const filter = [];
const scroll = [];
const heap = [];
for (let round = 0; round < ROUNDS; round += 1) {
  await inPage(browser, async (page) => {
    await page.goto(`${url}/comparisons/${comparison}`);
    first.push(await timeOf(page, 'first'));
    charts.push(await timeOf(page, 'charts'));
    const rows = await page.locator('.grid').getAttribute('aria-rowcount');
    filter.push(
      await timeUntil(page, "document.querySelector('.flips td.worse a').click()", `document.querySelectorAll('.grid[aria-busy=false] .grid-row').length > 5 && document.querySelector('.grid').getAttribute('aria-rowcount') !== '${rows}'`),
    );
    for (let i = 0; i < 20; i += 1) {
      scroll.push(
        await timeUntil(page, "document.querySelector('.grid').scrollBy(0, 2000)", "document.querySelectorAll('.grid-row').length > 5"),
      );
    }
    heap.push((await page.evaluate(() => performance.memory.usedJSHeapSize)) / 1e6);
  });
}
say('comparison, first view: verdict, metrics and rows', first);
say('comparison, charts as well', charts);
say('filter to broken rows', filter);
console.log(`scroll by 2,000 px until painted: p50 ${median(scroll).toFixed(1)} ms, worst ${Math.max(...scroll).toFixed(1)} ms`);
say('heap of the page', heap, 'MB');
if (trace) {
  const opened = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await inPage(browser, async (page) => {
      await page.goto(`${url}/traces/${trace}`);
      opened.push(await timeOf(page, 'spans'));
    });
  }
  say('trace, first view', opened);
}
await browser.close();
