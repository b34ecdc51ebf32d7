// Versions of a dataset, what they differ in, and a comparison over two of them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { onPage as visitWith, reloads, settled, shown, Stage } from './stage.mjs';

let stage;

before(async () => {
  stage = await Stage.open();
  stage.loadTimed();
});

after(async () => {
  await stage.close();
});

const onPage = (path, steps, options) => visitWith(stage, path, steps, options);

describe('a version of a dataset', () => {
  test('is searched, and the address holds what for', async () => {
    await onPage('/datasets/timed/versions/1', async (page) => {
      await page.getByLabel('find').fill('NUMBER 23');
      await page.getByText('11 among 240 rows').waitFor(); // 23 and 230 to 239
      assert.equal(await page.locator('.grid-row').count(), 11);
      await reloads(page);
      await page.getByLabel('find').fill('no such text');
      await page.getByText('No example is like that.').waitFor();
    });
  });
});

describe('two versions of a dataset', () => {
  test('are a step from the dataset and show what became of the examples', async () => {
    await onPage('/datasets/timed', async (page) => {
      await page.getByRole('link', { name: 'since timed@1' }).click();
      await page.waitForURL(/\/datasets\/timed\/versions\/1\/diff\/2/);
      await settled(page);
      const text = await shown(page);
      assert.match(text, /1 removed, ≠ 1 edited, \+ 1 added, 238 the same\./);
      await page.getByRole('link', { name: /1 edited/ }).click();
      await page.waitForURL(/show=edited/);
      await page.locator('.grid-row', { hasText: 't7' }).click();
      await page.waitForURL(/key=t7/);
      assert.equal(await page.locator('del').innerText(), '7');
      assert.equal(await page.locator('ins').innerText(), 'seven');
      await reloads(page);
    });
  });

  test('that are one version have no difference', async () => {
    await onPage('/datasets/timed/versions/2/diff/2', async (page) => {
      await page.getByText('No example was added, removed or edited.').waitFor();
    });
  });
});

describe('a comparison over two versions of a dataset', () => {
  test('leads from its counts to the rows behind them', async () => {
    await onPage(`/comparisons/${stage.edited}`, async (page) => {
      for (const [name, show] of [['changed example', 'changed'], ['only in the baseline', 'unpaired']]) {
        await page.getByRole('link', { name, exact: true }).click();
        await page.getByText(/^1 of 240 rows/).waitFor();
        assert.equal(new URL(page.url()).searchParams.get('show'), show);
        const flips = page.getByRole('region', { name: 'Rows by change' });
        await flips.locator('a[aria-current]', { hasText: `1 ${show}` }).click();
        await page.waitForURL((url) => !url.searchParams.has('show'));
      }
    });
  });

  test('shows what the baseline had beside what the candidate has', async () => {
    await onPage(`/comparisons/${stage.edited}?show=changed`, async (page) => {
      await page.getByText(/^1 of \d+ rows/).waitFor();
      const head = await page.locator('.grid-head [role=columnheader]').allInnerTexts();
      assert.deepEqual(head.filter((title) => /input|expected/.test(title)), ['input before', 'input', 'expected']);
      assert.match(await page.locator('.grid-row').innerText(), /question number 7\s+question number seven/);
      await page.locator('.grid-row').dblclick();
      const input = page.getByRole('region', { name: /^Input\s+not as in timed@1/ });
      await input.waitFor();
      assert.equal(await input.locator('del').innerText(), '7');
      assert.equal(await input.locator('ins').innerText(), 'seven');
      assert.equal(await page.getByRole('region', { name: 'Expected' }).locator('del, ins').count(), 0);
    });
  });

  test('shows rows of one version only', async () => {
    await onPage(`/comparisons/${stage.edited}?show=unpaired`, async (page) => {
      assert.deepEqual(await page.locator('.grid-row [role=gridcell]:nth-child(2)').allInnerTexts(), ['t0']);
      await page.locator('.grid-row').dblclick();
      await page.getByText('Everything stored of this row').waitFor();
    });
  });
});
