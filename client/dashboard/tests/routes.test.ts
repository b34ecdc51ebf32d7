import { expect, test } from 'vitest';
import { PAGES, pageAt, pathWithin } from '../src/routes';

test('an address leads to one page', () => {
  const at = (path: string) => pageAt(path)?.path;
  expect(at('/')).toBe('/comparisons');
  expect(at('/comparisons/12')).toBe('/comparisons/:id');
  expect(at('/comparisons/12/')).toBe('/comparisons/:id');
  expect(at('/comparisons/12/rows/3')).toBe('/comparisons/:id/rows/:row');
  expect(at('/datasets/d/versions/1/diff/2')).toBe('/datasets/:dataset/versions/:version/diff/:other');
  expect(at('/projects/other/traces/0af1')).toBe('/traces/:id');
  expect(at('/projects/other')).toBe('/comparisons');
  expect(at('/nothing')).toBeUndefined();
});

test('every page is found at an address of its own', () => {
  for (const page of PAGES) {
    expect(pageAt(page.path.replaceAll(':', ''))).toBe(page);
  }
});

test('parameters become the names of resources', () => {
  const page = pageAt('/datasets/d/versions/1/diff/2')!;
  expect(page.props('projects/p', { dataset: 'd', version: '1', other: '2' })).toEqual({
    before: 'projects/p/datasets/d/versions/1',
    after: 'projects/p/datasets/d/versions/2',
  });
});

test('an address is cut below its project', () => {
  expect(pathWithin('/projects/other/runs/1')).toBe('/runs/1');
  expect(pathWithin('/runs/1')).toBe('/runs/1');
});
