import { expect, test } from "bun:test";
import { readHistory } from "../../history/codec.ts";
import { encodeHistory } from "./encode.ts";
import { synthesize } from "./synthetic.ts";

test("encodeHistory: what is read back is the same history", () => {
  const h = synthesize({
    ...{ operations: 2000, clients: 8, keys: 3, gets: 0.4, versioned: 0.2, appends: 0.1 },
    ...{ deletes: 0.1, pending: 0.05, versions: true, indexes: true },
  });
  const read = readHistory(encodeHistory(h));
  const names = ({ value, values }: typeof h): readonly (string | null)[] =>
    Array.from(value, (id) => (id < 0 ? null : values.name(id)));
  const { value: _, values: __, keys: ___, ...columns } = h;
  expect(read).toMatchObject(columns);
  expect(names(read)).toEqual(names(h));
});
