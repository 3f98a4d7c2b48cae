import type { ShardsStatus } from "../target/target.ts";

/** A word of a line: a group or a shard. `isOff`: it moves, or nobody leads it. */
export type Word = { readonly text: string; readonly isOff: boolean };

const NOBODY = "–";

/**
 * The map of a sharded cluster as lines of at most `width` columns: groups with their leaders, then for each shard,
 * in order, its group: `3←2` while it is on its way from group 2 to group 3.
 */
export function shardLines({ config, groups }: ShardsStatus, width: number): readonly Word[][] {
  const leads = groups.map(({ group, leader, report }): Word => {
    const behind = report !== null && report.num < config.num ? ` at ${report.num}` : "";
    const text = `${group}★${leader === 0 ? NOBODY : leader}${behind}`;
    return { text, isOff: leader === 0 || behind !== "" };
  });
  const shards = config.shards.map((owner, shard): Word => {
    if (owner === 0) return { text: NOBODY, isOff: true };
    const own = groups.find(({ group }) => group === owner)?.report?.shards ?? [];
    const states = own.filter((each) => each.shard === shard);
    const arriving = states.find(({ state }) => state === "arriving");
    if (arriving !== undefined) return { text: `${owner}←${arriving.other}`, isOff: true };
    return { text: String(owner), isOff: !states.some(({ state }) => state === "serving") };
  });
  return [
    ...wrapped(`config ${config.num}  groups`, leads, width),
    ...wrapped("shards", shards, width),
  ];
}

/** The words after `head`, and on as many more lines, indented, as they need. */
function wrapped(head: string, words: readonly Word[], width: number): Word[][] {
  const lines: Word[][] = [[{ text: head, isOff: false }]];
  let room = width - head.length;
  for (const word of words) {
    if (word.text.length + 1 > room && lines.at(-1)!.length > 1) {
      lines.push([{ text: " ".repeat(head.length), isOff: false }]);
      room = width - head.length;
    }
    lines.at(-1)!.push(word);
    room -= word.text.length + 1;
  }
  return lines;
}
