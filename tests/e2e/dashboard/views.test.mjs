// The further views of a comparison, and two traces side by side.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { onPage as visitWith, reloads, settled, Stage, violations } from './stage.mjs';

let stage;

before(async () => {
  stage = await Stage.open();
  stage.loadTimed();
  stage.loadChecks();
});

after(async () => {
  await stage.close();
});

const onPage = (path, steps, options) => visitWith(stage, path, steps, options);

describe('classes and calibration', () => {
  test('are a step from the comparison, and a cell leads to its rows', async () => {
    await onPage(`/comparisons/${stage.timed}`, async (page) => {
      await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Classes' }).click();
      await page.waitForURL(/\/classes$/);
      await settled(page);
      // 80 examples of class A: i % 3 == 0; wrong before when i % 10 == 0 too, after also when i % 4 == 0.
      await page.getByText('The mistake that changed most: A answered as B, 8 before, 24 after.').waitFor();
      const cell = page.locator('table.confusion').getByRole('link', { name: '+16 (worse)' });
      await cell.click();
      await page.waitForURL(/cell=/);
      await page.getByText('24 rows: 16 came in, 0 left.').waitFor();
      await reloads(page);
      await page.locator('tbody a[href*="/rows/"]').first().click();
      await page.waitForURL(/\/rows\/\d+$/);
      await page.getByRole('heading', { name: 'Expected' }).waitFor();
      await page.goBack();
      await page.waitForURL(/cell=/);
      await page.goBack();
      await page.waitForURL((url) => !url.search.includes('cell='));
    });
  });

  test('the matrix shows either side, as counts or shares', async () => {
    await onPage(`/comparisons/${stage.timed}/classes`, async (page) => {
      const firstRow = () => page.locator('table.confusion tbody tr').first().locator('td').allInnerTexts();
      await page.getByRole('button', { name: 'before', exact: true }).click();
      await page.waitForURL(/side=before/);
      assert.deepEqual(await firstRow(), ['72', '8', '·']);
      await page.locator('[aria-labelledby=confusion-title] select').selectOption('label');
      await page.waitForURL(/per=label/);
      assert.deepEqual(await firstRow(), ['90.0', '10.0', '·']);
      await reloads(page);
    });
  });

  test('arrow keys move among the cells, Enter chooses one', async () => {
    await onPage(`/comparisons/${stage.timed}/classes`, async (page) => {
      await page.locator('table.confusion td a').first().focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('Enter');
      await page.waitForURL(/cell=/);
      assert.equal(new URL(page.url()).searchParams.get('cell'), '["A","B"]');
      await page.keyboard.press('Escape');
      await page.waitForURL((url) => !url.search.includes('cell='));
    });
  });

  test('reliability can be read as a table, in bins of equal width or size', async () => {
    await onPage(`/comparisons/${stage.timed}/classes?tables=reliability`, async (page) => {
      const table = page.getByRole('region', { name: /Accuracy by confidence.*as a table/ });
      const sides = async () => (await table.locator('tbody tr').allInnerTexts()).map((line) => line.split('\t'));
      const rows = (await sides()).filter(([side]) => side === 'before');
      assert.equal(rows.reduce((sum, row) => sum + Number(row[3]), 0), 240);
      await page.getByRole('combobox', { name: 'bins of equal' }).selectOption('mass');
      await page.waitForURL(/bins=mass/);
      const equal = (await sides()).filter(([side]) => side === 'after');
      assert.equal(equal.reduce((sum, row) => sum + Number(row[3]), 0), 240);
      await reloads(page);
    });
  });

  test('a bin of the reliability diagram leads to its rows', async () => {
    await onPage(`/comparisons/${stage.timed}/classes`, async (page) => {
      // Marks lie over one another, so the click goes to the mark itself.
      await page.locator('[aria-labelledby=reliability-title] .plot-place a[data-to^="after:"]').last().dispatchEvent('click');
      await page.waitForURL(/bin=after%3A/);
      const rows = page.getByRole('region', { name: 'Rows of the bin' });
      await rows.waitFor();
      await reloads(page);
      await rows.locator('tbody a').first().click();
      await page.waitForURL(/\/rows\/\d+$/);
    });
  });

  test('the rows of a bin are as many as the evaluator counted, for either kind of bin', async () => {
    for (const bins of ['', '&bins=mass']) {
      await onPage(`/comparisons/${stage.timed}/classes?tables=reliability${bins}`, async (page) => {
        const links = page.getByRole('region', { name: /Accuracy by confidence.*as a table/ }).locator('tbody a');
        for (const side of ['before', 'after']) {
          const link = links.and(page.locator(`[href*="bin=${side}%3A"]`)).first();
          const numRows = Number(await link.innerText());
          await link.click();
          await page.waitForURL(new RegExp(`bin=${side}%3A`));
          await page.getByText(new RegExp(`^${numRows} rows?.*: wrong answers first`)).waitFor();
        }
        await page.getByRole('link', { name: 'Choose no bin' }).click();
        await page.getByText('Choose a bin to see its rows.').waitFor();
      });
    }
  });

  test('a run shows its own, with the examples behind a cell', async () => {
    await onPage(`/runs/${stage.timedRun}`, async (page) => {
      await page.getByRole('heading', { name: 'Confusion matrix' }).waitFor();
      await page.locator('table.confusion').getByRole('link', { name: '24', exact: true }).click();
      await page.getByText('24 rows.').waitFor();
      await page.getByText(/^Expected calibration error 0\.\d+/).waitFor();
    });
  });

  test('say what would fill them where there are none', async () => {
    await onPage(`/comparisons/${stage.stale}/classes`, async (page) => {
      await page.getByText('Neither run has classes or confidences').waitFor();
      await page.getByText('assay eval --dataset search@1').waitFor();
    });
  });
});

describe('latency', () => {
  test('has quantiles with intervals and the change row by row', async () => {
    await onPage(`/comparisons/${stage.timed}/latency?tables=quantiles,distribution`, async (page) => {
      const row = page.getByRole('row', { name: /median change of a row/ });
      assert.match(await row.innerText(), /\+20\.0000.*\[\+20\.0000, \+20\.0000\]/s);
      const table = page.getByRole('region', { name: /Quantiles of latency_us.*as a table/ });
      assert.match(await table.innerText(), /p50\t147\.00 \[\d+\.\d+, \d+\.\d+\]\t167\.00 \[/);
      await page.getByRole('link', { name: 'side by side' }).waitFor();
      await reloads(page);
    });
  });

  test('charts become tables one by one, and Back undoes it', async () => {
    await onPage(`/comparisons/${stage.timed}`, async (page) => {
      await page.keyboard.press('3');
      await page.waitForURL(/\/latency$/);
      await settled(page);
      await page.getByRole('button', { name: 'As a table' }).last().click();
      await page.waitForURL(/tables=quantiles/);
      await page.goBack();
      await page.waitForURL(/\/latency$/);
      assert.equal(await page.getByRole('button', { name: 'As a chart' }).count(), 0);
    });
  });

  test('says what would fill it', async () => {
    await onPage(`/comparisons/${stage.check}/latency`, async (page) => {
      await page.getByText(/No latency was compared|median change of a row/).first().waitFor();
    });
  });
});

describe('layers', () => {
  test('name the swap and the units that are revived', async () => {
    await onPage(`/comparisons/${stage.check}/layers`, async (page) => {
      await page.getByText('The outputs are consistent with every layer: relu → silu, which predicts them bit for bit').waitFor();
      await page.getByText('The first layer that differs by more than rounding is fc1.act.').waitFor();
      await page.getByText('18 units that were 0 on all 597 rows are not any more').waitFor();
      await page.getByRole('heading', { name: 'fc1.act', exact: true }).waitFor();
    });
  });

  test('lay the results before and after over one another', async () => {
    await onPage(`/comparisons/${stage.check}/layers?layer=fc2.act&tables=histogram&logy=1`, async (page) => {
      const table = page.getByRole('region', { name: /Results of fc2\.act.*as a table/ });
      const rows = (await table.locator('tbody tr').allInnerTexts()).map((line) => line.split('\t'));
      const total = (side) =>
        rows.filter((row) => row[0] === side).reduce((sum, row) => sum + Number(row[3].replaceAll(',', '')), 0);
      assert.ok(total('before') > 0);
      assert.equal(total('before') % 597, 0);
      assert.equal(total('after'), total('before'));
      await reloads(page);
    });
  });

  test('lead to the rows that changed', async () => {
    await onPage(`/comparisons/${stage.check}/layers`, async (page) => {
      await page.getByRole('link', { name: /broken/ }).click();
      await page.waitForURL(/\/comparisons\/\d+\?show=broken/);
      await page.getByRole('link', { name: 'Remove the filter broken' }).waitFor();
    });
  });

  test('lead to the rows that a layer moved furthest', async () => {
    await onPage(`/comparisons/${stage.check}/layers?layer=fc2.act`, async (page) => {
      await page.getByRole('link', { name: 'The 50 rows that it moved furthest' }).click();
      await page.waitForURL(/rows=.*layer=fc2\.act/);
      await page.getByText('50 of 597 rows').waitFor();
      await reloads(page);
      await page.getByText('50 of 597 rows').waitFor();
      await page.locator('.grid-row').first().dblclick();
      await page.getByText('row 1 of 50').waitFor();
      await page.goBack();
      await page.getByRole('link', { name: 'Remove the filter 50 moved furthest by fc2.act' }).click();
      await page.getByText('597 of 597 rows').waitFor();
    });
  });

  test('the keys go from layer to layer', async () => {
    await onPage(`/comparisons/${stage.check}/layers`, async (page) => {
      await page.keyboard.press(']');
      await page.waitForURL(/layer=fc2$/);
      await page.getByText('Results are measured of activation layers').waitFor();
      await page.keyboard.press('[');
      await page.waitForURL(/layer=fc1\.act/);
    });
  });

  test('tell a stale index from a rebuilt one', async () => {
    await onPage(`/comparisons/${stage.stale}/layers`, async (page) => {
      await page.getByText('40 queries against 100 documents.').waitFor();
      const row = page.getByRole('row', { name: /stale index/ });
      assert.match(await row.innerText(), /0\.\d{4}/);
    });
  });

  test('of models that ran elsewhere are not known, and the page says so', async () => {
    await onPage(`/comparisons/${stage.timed}/layers`, async (page) => {
      await page.getByText('The layers are not known: timed@1 and timed@2 ran elsewhere').waitFor();
    });
  });
});

describe('the list of traces', () => {
  // Of traces without a failure: a read that its page left while it ran is listed, rightly.
  const roots = (page) =>
    page.locator('.grid-row', { hasText: '✓ none' }).locator('[role=gridcell]:nth-child(3)').allInnerTexts();

  test('leaves out what pages read, unless the address says otherwise', async () => {
    await onPage('/traces', async (page) => {
      // The list was read over HTTP itself; its trace is stored in a moment.
      const leftOut = page.getByText(/\(\d+ reads over HTTP left out\)/);
      for (let i = 0; i < 50 && !(await leftOut.isVisible()); i += 1) {
        await page.getByRole('button', { name: 'Look again' }).click();
        await page.waitForTimeout(100);
      }
      await leftOut.waitFor();
      assert.deepEqual((await roots(page)).filter((name) => /^GET|^POST .*\/(Get|List|Read)/.test(name)), []);
      await page.getByLabel('reads over HTTP too').check();
      await page.waitForURL(/reads=1/);
      await page.locator('.grid-row', { hasText: /POST .*\/(Get|List|Read)/ }).first().waitFor();
      await page.goBack();
      await page.waitForURL((url) => url.search === '');
    });
  });

  test('shows reads to those who ask for one', async () => {
    await onPage('/traces', async (page) => {
      await page.getByLabel('span', { exact: true }).fill('POST /assay.v1.TraceService/ListTraces');
      await page.keyboard.press('Enter');
      await page.waitForURL(/span=/);
      await page.locator('.grid-row', { hasText: 'ListTraces' }).first().waitFor();
    });
  });
});

describe('two traces', () => {
  test('are chosen in the list and aligned by path', async () => {
    await onPage('/traces', async (page) => {
      const choose = page.getByRole('checkbox', { name: /Choose trace/ });
      await choose.nth(0).check();
      await choose.nth(1).check();
      await page.getByRole('button', { name: /Compare .* → / }).click();
      await page.waitForURL(/\/traces\/[0-9a-f]{32}\/compare\/[0-9a-f]{32}/);
      await settled(page);
      await page.locator('.grid-row').first().click();
      await page.waitForURL(/path=/);
      await page.getByText('one on average').waitFor();
      await page.getByLabel('largest change first').check();
      await page.waitForURL(/sort=change/);
      await reloads(page);
      const there = new URL(page.url()).pathname.split('/');
      await page.getByRole('link', { name: 'swap sides' }).click();
      await page.waitForURL(new RegExp(`/traces/${there[4]}/compare/${there[2]}`));
    });
  });

  test('a trace beside itself has no difference, and only a name is found', async () => {
    const [trace] = await traceIds();
    await onPage(`/traces/${trace}`, async (page) => {
      await page.getByLabel('compare with trace').fill(trace.slice(0, 12));
      await page.getByRole('button', { name: 'Compare' }).click();
      await page.waitForURL(/\/compare\//);
      await settled(page);
      await page.getByText('0 ns in all.').waitFor();
      const all = await page.locator('main [role=status]').innerText();
      await page.getByLabel('find').fill('no span is called so');
      await page.getByText(/^0 of \d+ paths/).waitFor();
      assert.match(all, /^(\d+) of \1 paths/);
    });
  });
});

async function traceIds() {
  const answer = await fetch(`${stage.url}/assay.v1.TraceService/ListTraces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ parent: 'projects/default', pageSize: 5 }),
  });
  return (await answer.json()).traces.map((trace) => trace.name.split('/').pop());
}

describe('the list of runs', () => {
  test('follows one that is under way to its end', async () => {
    const page = await stage.page();
    await page.route(/ListRuns$/, async (route) => {
      const answer = await (await route.fetch()).json();
      Object.assign(answer.runs[0], { state: 'RUNNING', numRowsDone: '12' });
      await route.fulfill({ json: answer });
    });
    let finish;
    const finished = new Promise((resolve) => (finish = resolve));
    await page.route(/GetRun$/, async (route) => {
      await finished;
      await route.continue();
    });
    await page.goto(`${stage.url}/runs?wire=json`);
    const row = page.locator('.grid-row').first();
    await row.getByText('Running').waitFor();
    assert.match(await row.innerText(), /12 of \d+/);
    finish();
    await row.getByText('Succeeded').waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
});

describe('two runs of one list', () => {
  test('that cannot be compared say why', async () => {
    await onPage('/runs', async (page) => {
      await page.goto(`${stage.url}/runs?chosen=${stage.timedRun},999999`);
      await page.getByRole('button', { name: /Compare/ }).click();
      await page.getByRole('alert').filter({ hasText: '999999' }).waitFor();
      // The refusal itself is all that the console may hold.
      page.faults = page.faults.filter((fault) => !fault.includes('404'));
    });
  });

  test('are copied as CSV', async () => {
    await onPage(
      '/runs',
      async (page) => {
        await page.getByRole('button', { name: 'Copy CSV' }).click();
        await page.getByText('Copied runs as CSV').waitFor();
        assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^run,model,dataset,rows,created\r?\n/);
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    );
  });
});

describe('effect sizes', () => {
  test('stand beside the intervals, of all rows and of cohorts', async () => {
    await onPage(`/comparisons/${stage.timed}?metric=accuracy&tables=forest`, async (page) => {
      const column = async (table, title) => {
        const heads = await table.locator('thead th').allInnerTexts();
        const at = heads.findIndex((head) => head.toLowerCase() === title);
        return (await table.locator('tbody tr').allInnerTexts()).map((line) => line.split('\t')[at]);
      };
      for (const name of [/^Metrics, as a table/, /Difference of accuracy.*as a table/]) {
        const sizes = await column(page.getByRole('region', { name }), 'effect size');
        // 16 of 240 answers became wrong: a mean of -0.067, a deviation of 0.25.
        assert.ok(sizes.includes('−0.27'), String(sizes));
      }
    });
  });
});

describe('every view', () => {
  for (const colorScheme of ['light', 'dark']) {
    test(`is accessible and keeps to itself, ${colorScheme}`, async () => {
      const [one, two] = await traceIds();
      const paths = [
        `/comparisons/${stage.timed}`,
        `/comparisons/${stage.timed}/classes?pairs=1&cell=${encodeURIComponent('["A","B"]')}`,
        `/comparisons/${stage.timed}/classes?side=before&tables=reliability`,
        `/comparisons/${stage.timed}/classes?bin=after%3A8`,
        `/comparisons/${stage.timed}/latency`,
        `/comparisons/${stage.timed}/latency?tables=distribution,quantiles`,
        `/comparisons/${stage.timed}/layers`,
        `/comparisons/${stage.check}/layers`,
        `/comparisons/${stage.check}/layers?tables=drift,histogram`,
        `/comparisons/${stage.stale}/layers`,
        `/runs/${stage.timedRun}`,
        '/traces',
        `/traces/${one}`,
        `/traces/${one}/compare/${two}`,
        '/datasets/timed',
        '/datasets/timed/versions/2',
        '/datasets/timed/versions/1/diff/2?key=t7',
        '/models/classifier/versions/1',
      ];
      const [{ row: changed }] = JSON.parse(stage.assay('rows', stage.edited, '--show', 'changed', '-o', 'json')).rows;
      paths.push(`/comparisons/${stage.edited}`, `/comparisons/${stage.edited}/rows/${changed}?show=changed`);
      const found = [];
      for (const path of paths) {
        await onPage(
          path,
          async (page) => {
            await page.waitForTimeout(100);
            found.push(...(await violations(page)).map((violation) => `${path}: ${violation}`));
          },
          { colorScheme },
        );
      }
      assert.deepEqual(found, []);
    });
  }

  test('says so when there is nothing of that name', async () => {
    for (const path of ['/comparisons/999999/classes', '/comparisons/999999/latency', '/comparisons/999999/layers', '/datasets/timed/versions/1/diff/99', `/traces/${'0'.repeat(31)}1/compare/${'0'.repeat(31)}2`]) {
      const page = await stage.page();
      await page.goto(stage.url + path);
      await page.getByRole('alert').first().waitFor();
      assert.match(await page.getByRole('alert').first().innerText(), /Not found/);
      // The refusal itself is all that the console may hold.
      assert.deepEqual(page.faults.filter((fault) => !fault.includes('404')), []);
      await page.context().close();
    }
  });
});
