import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { messageOf } from '../src/api/early';
import { GetComparisonRequestSchema } from '../src/api/gen/assay/v1/comparison_service_pb';

test('a name is the request that the generated code makes of it', () => {
  for (const name of ['projects/default/comparisons/12', `projects/${'ä'.repeat(200)}/comparisons/1`, 'x'.repeat(20_000)]) {
    const expected = toBinary(GetComparisonRequestSchema, create(GetComparisonRequestSchema, { name }));
    expect(messageOf(name)).toEqual(expected);
  }
});
