// The dashboard on the example data, as people use it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { onPage as visitWith, settled, Stage, violations } from './stage.mjs';

let stage;

before(async () => {
  stage = await Stage.open();
  stage.loadExamples();
});

after(async () => {
  await stage.close();
});

const onPage = (path, steps, options) => visitWith(stage, path, steps, options);

// What stands on the page, apart from how long ago things were.
const shown = async (page) => (await page.locator('main').innerText()).replace(/just now|\d+ \w+ ago/g, '');
const rowCount = (page) => page.locator('.rows [role=status]').first().innerText();

describe('from the list to the cause', () => {
  test('a comparison is found, narrowed to a cohort, followed to a row and back', async () => {
    await onPage('/', async (page) => {
      assert.equal(new URL(page.url()).pathname, '/comparisons');
      await page.getByRole('link', { name: stage.mlp, exact: true }).click();
      await settled(page);
      await page.getByText('Inconclusive: accuracy fell').waitFor();
      assert.match(await page.locator('.changed').innerText(), /activation\s+relu → silu/);
      assert.match(await rowCount(page), /597 of 597 rows/);

      await page.locator('table.heat').getByRole('link', { name: /worse|pp/ }).first().click();
      await page.waitForURL(/cohort=/);
      const cohort = new URL(page.url()).searchParams.get('cohort');
      await page.getByRole('link', { name: `Remove the filter ${cohort}` }).waitFor();
      await page.waitForFunction(() => !/597 of/.test(document.querySelector('.rows')?.textContent));

      await page.getByRole('link', { name: /broken/ }).first().click();
      await page.waitForURL(/show=broken/);
      const row = page.locator('.grid-row').first();
      await row.waitFor();
      await row.dblclick();
      await page.waitForURL(/\/rows\/\d+/);
      await page.getByRole('heading', { name: 'Expected' }).waitFor();

      await page.goBack();
      await page.waitForURL(/show=broken/);
      await page.goBack();
      await page.waitForURL((url) => !url.search.includes('show=') && url.search.includes('cohort='));
      await page.goBack();
      await page.waitForURL((url) => !url.search.includes('cohort='));
      assert.match(await rowCount(page), /597 of 597 rows/);
    });
  });

  test('a row whose answers name no trace leads to those of its runs, and back', async () => {
    await onPage(`/comparisons/${stage.mlp}?show=broken`, async (page) => {
      await page.locator('.grid-row').first().dblclick();
      await page.waitForURL(/\/rows\/\d+/);
      const row = page.url();
      await page.getByRole('link', { name: /^Traces of run/ }).last().click();
      await page.waitForURL(/\/traces\?resource=/);
      await page.locator('.grid-row', { hasText: 'CreateRun' }).dblclick();
      await page.waitForURL(/\/traces\/[0-9a-f]{32}/);
      await settled(page);
      await page.goBack();
      await page.goBack();
      await page.waitForURL(row);
      await page.getByRole('heading', { name: 'Expected' }).waitFor();
    });
  });

  test('a metric of all rows together has none to show', async () => {
    await onPage(`/comparisons/${stage.mlp}`, async (page) => {
      await page.getByRole('region', { name: /^Metrics/ }).getByRole('link', { name: 'macro_f1' }).click();
      await page.getByText('macro_f1 is computed from all rows together').waitFor();
      assert.equal(await page.getByRole('region', { name: 'Rows by change' }).count(), 0);
      await page.reload();
      await page.getByText('macro_f1 is computed from all rows together').waitFor();
    });
  });

  test('a run leads to its trace and its spans', async () => {
    await onPage(`/comparisons/${stage.mlp}`, async (page) => {
      await page.locator('a[href^="/runs/"]').last().click();
      await page.waitForURL(/\/runs\/\d+/);
      await page.getByText('result digest').waitFor();
      await page.locator('dd a[href^="/traces/"]').first().click();
      await page.waitForURL(/\/traces\/[0-9a-f]{32}/);
      await settled(page);
      await page.getByText('run.summarize').first().waitFor();
      await page.locator('.grid-row').first().click();
      await page.getByText('critical path', { exact: true }).waitFor();
    });
  });
});

describe('an address is a view', () => {
  test('a deep link restores metric, cohort, kind of row and the row', async () => {
    await onPage(`/comparisons/${stage.embed}?metric=cosine&cohort=digit%3D1&show=broken&row=4`, async (page) => {
      await page.getByRole('link', { name: 'Remove the filter worse' }).waitFor();
      await page.getByRole('link', { name: 'Remove the filter digit=1' }).waitFor();
      const before = await shown(page);
      await page.reload();
      await settled(page);
      await page.locator('.grid-row').first().waitFor();
      assert.equal(await shown(page), before);
    });
  });

  test('a row has its own address, with its neighbours in the list', async () => {
    await onPage(`/comparisons/${stage.embed}?metric=cosine&show=broken`, async (page) => {
      await page.locator('.grid-row').first().dblclick();
      await page.waitForURL(/rows/);
      await page.getByText('row 1 of').waitFor();
      const first = page.url();
      await page.keyboard.press(']');
      await page.waitForURL((url) => url.href !== first);
      await page.getByText('row 2 of').waitFor();
      await page.reload();
      await page.getByText('row 2 of').waitFor();
      await page.keyboard.press('[');
      await page.getByText('row 1 of').waitFor();
    });
  });
});

describe('a row far down the list', () => {
  test('is shown by itself, whatever the list leaves out', async () => {
    await onPage(`/comparisons/${stage.mlp}?show=both_right`, async (page) => {
      const row = page.locator('.grid-row').first();
      await row.dblclick();
      await page.waitForURL(/rows\/\d+/);
      const path = new URL(page.url()).pathname;
      await page.goto(`${stage.url}${path}?show=broken`);
      await page.getByText('not in the list').waitFor();
      await page.getByRole('heading', { name: 'Expected' }).waitFor();
      await page.goto(`${stage.url}/comparisons/${stage.mlp}/rows/100000`);
      await page.getByText('No such row in this comparison: 100000.').waitFor();
    });
  });
});

describe('a comparison that is still computed', () => {
  test('is asked for its rows when it is done', async () => {
    const page = await stage.page();
    const asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname.split('/').pop()));
    await page.route(/GetComparison$/, (route) =>
      route.fulfill({ json: { name: `projects/default/comparisons/${stage.mlp}`, state: 'RUNNING' } }),
    );
    let finish;
    const finished = new Promise((resolve) => (finish = resolve));
    await page.route(/WatchComparison$/, async (route) => {
      await finished;
      await route.continue();
    });
    await page.goto(`${stage.url}/comparisons/${stage.mlp}?wire=json`);
    await page.getByText('Not computed yet').waitFor();
    assert.ok(!asked.includes('ListComparisonRows'));
    finish();
    await page.locator('.grid-row').first().waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
});

describe('a page that is opened', () => {
  test('asks once for each thing', async () => {
    await onPage(`/comparisons/${stage.mlp}`, async (page) => {
      await page.locator('.grid-row').first().waitFor();
      const calls = await page.evaluate(() =>
        performance.getEntriesByType('resource').flatMap(({ name }) => /assay\.v1\.(.*)/.exec(name)?.[1] ?? []),
      );
      assert.deepEqual(calls.sort(), ['ComparisonService/GetComparison', 'ComparisonService/ListComparisonRows']);
    });
  });
});

describe('while a list narrows', () => {
  test('the rows before stay, out of reach, and no request is refused', async () => {
    await onPage(`/comparisons/${stage.embed}?metric=cosine`, async (page) => {
      await page.locator('.grid-row').first().waitFor();
      let answer;
      const asked = new Promise((resolve) => {
        void page.route(/ListComparisonRows/, async (route) => {
          resolve();
          await new Promise((done) => (answer = done));
          await route.continue();
        });
      });
      await page.locator('.flips td.better a').click();
      await asked;
      assert.equal(await page.locator('.grid').getAttribute('aria-busy'), 'true');
      assert.ok((await page.locator('.grid-row').count()) > 5);
      answer();
      await page.getByText('37 of 597 rows').waitFor();
      await page.locator('.grid[aria-busy=false] .grid-row').first().waitFor();
      assert.match(await page.locator('.grid-row').first().innerText(), /better/);
    });
  });
});

describe('a row of vectors', () => {
  test('has its nearest rows before and after, each a step away', async () => {
    await onPage(`/comparisons/${stage.embed}/rows/4?metric=cosine`, async (page) => {
      await page.getByLabel('look for them').check();
      await page.waitForURL(/near=1/);
      await page.getByText(/^\d+ of 10 nearest rows are what they were, by cosine\.$/).waitFor();
      for (const side of ['before', 'after']) {
        const rows = page.getByRole('table', { name: `Nearest rows ${side}` }).locator('tbody tr');
        assert.equal(await rows.count(), 10);
        const cosines = (await rows.locator('td:nth-child(2)').allInnerTexts()).map(Number);
        assert.deepEqual(cosines, [...cosines].sort((a, b) => b - a));
      }
      const before = await shown(page);
      await page.reload();
      await page.getByRole('table', { name: 'Nearest rows after' }).waitFor();
      assert.equal(await shown(page), before);
      await page.getByRole('table', { name: 'Nearest rows after' }).getByRole('link').first().click();
      await page.waitForURL((url) => /\/rows\/\d+$/.test(url.pathname) && !url.pathname.endsWith('/rows/4'));
      await page.getByRole('table', { name: 'Nearest rows after' }).waitFor();
    });
  });
});

describe('with the keyboard only', () => {
  test('the keys are listed, the palette goes to a comparison, j and Enter open a row', async () => {
    await onPage('/comparisons', async (page) => {
      await page.keyboard.press('?');
      await page.getByRole('heading', { name: 'Keys on this page' }).waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill(`comparison ${stage.mlp}`);
      await page.getByRole('option').first().waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(new RegExp(`/comparisons/${stage.mlp}$`));
      await settled(page);
      await page.locator('.grid-row').first().waitFor();
      await page.keyboard.press('f');
      await page.waitForURL(/show=broken/);
      await page.locator('.grid:not([aria-busy=true]) .grid-row').first().waitFor();
      await page.keyboard.press('j');
      await page.waitForURL(/row=/);
      await page.keyboard.press('o');
      await page.waitForURL(/rows\/\d+/);
      await page.getByRole('heading', { name: 'Expected' }).waitFor();
      await page.keyboard.press('Escape');
      await page.waitForURL((url) => !url.pathname.includes('rows'));
    });
  });

  test('letters rest while someone types', async () => {
    await onPage('/comparisons', async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').pressSequentially('t?');
      assert.equal(await page.getByRole('heading', { name: 'Keys on this page' }).count(), 0);
    });
  });
});

describe('every page', () => {
  const paths = () => [
    '/comparisons',
    `/comparisons/${stage.mlp}`,
    `/comparisons/${stage.embed}?metric=cosine&cohort=digit%3D1`,
    `/comparisons/${stage.embed}/rows/4?metric=cosine&near=1`,
    `/comparisons/${stage.search}`,
    '/runs',
    '/datasets',
    '/datasets/digits',
    '/datasets/digits/versions/1',
    '/models',
    '/models/mlp',
    '/models/mlp/versions/2',
    '/traces',
  ];

  for (const colorScheme of ['light', 'dark']) {
    test(`is accessible and keeps to itself, ${colorScheme}`, async () => {
      for (const path of paths()) {
        await onPage(
          path,
          async (page) => {
            await page.waitForTimeout(100);
            assert.deepEqual(await violations(page), [], path);
          },
          { colorScheme },
        );
      }
    });
  }

  test('says so when there is nothing of that name', async () => {
    for (const path of ['/comparisons/999999', '/runs/999999', '/datasets/none/versions/1', '/models/none/versions/1', '/traces/00000000000000000000000000000001']) {
      const page = await stage.page();
      await page.goto(stage.url + path);
      await page.getByRole('alert').waitFor();
      assert.match(await page.getByRole('alert').innerText(), /Not found/);
      // The refusal itself is all that the console may hold.
      assert.deepEqual(page.faults.filter((fault) => !fault.includes('404')), []);
      await page.context().close();
    }
  });
});

describe('what is drawn', () => {
  test('keeps its links right when other filters change', async () => {
    await onPage(`/comparisons/${stage.embed}?metric=cosine`, async (page) => {
      await page.keyboard.press('f');
      await page.waitForURL(/show=broken/);
      await page.waitForFunction(() =>
        [...document.querySelectorAll('.plot-place a')].every((mark) => mark.getAttribute('href').includes('show=broken')),
      );
      await page.locator('.plot-place a').last().click();
      await page.waitForURL(/show=broken.*cohort=/);
    });
  });

  test('can be read as a table', async () => {
    await onPage(`/comparisons/${stage.embed}?metric=cosine`, async (page) => {
      await page.getByRole('button', { name: 'As a table' }).first().click();
      await page.getByRole('region', { name: /as a table/ }).getByText('digit=1').waitFor();
    });
  });

  test('a mark of the forest plot filters the rest', async () => {
    await onPage(`/comparisons/${stage.embed}?metric=cosine`, async (page) => {
      await page.locator('.plot-place a').last().click();
      await page.waitForURL(/cohort=/);
    });
  });
});
