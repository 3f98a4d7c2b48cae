/** One instruction of a Dockerfile: `COPY --from=build /a /b` has flags { from: "build" } and words [/a, /b]. */
export type Instruction = {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  /** The words behind the flags; of a JSON form its elements. */
  readonly words: readonly string[];
};

/** What is built `FROM` one base. */
export type Stage = { readonly base: string; readonly name: string | null } & {
  readonly instructions: readonly Instruction[];
};

/** The stages of a Dockerfile, without variables and heredocs, which ours does not use. */
export function parseDockerfile(text: string): readonly Stage[] {
  const lines = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const instruction = parseInstruction(line);
    const { name, words } = instruction;
    if (name === "FROM") {
      const as = words[1]?.toUpperCase() === "AS" ? words[2]! : null;
      stages.push({ base: words[0]!, name: as, instructions: [] });
    } else if (stages.length === 0) {
      throw new Error(`${name} before the first FROM`);
    } else stages.at(-1)!.instructions.push(instruction);
  }
  return stages;
}

function parseInstruction(line: string): Instruction {
  const match = /^([A-Z]+)\s+(.*)$/.exec(line);
  if (match === null) throw new Error(`no instruction: ${line}`);
  const [, name = "", rest = ""] = match;
  const flags: Record<string, string> = {};
  const after = rest.replace(/^(?:--[a-z-]+=\S+\s+)+/, (text) => {
    for (const [, key, value] of text.matchAll(/--([a-z-]+)=(\S+)/g)) flags[key!] = value!;
    return "";
  });
  const json = after.startsWith("[") ? (JSON.parse(after) as readonly string[]) : null;
  return { name, flags, words: json ?? after.split(/\s+/) };
}

/** Does a .dockerignore of "everything but" and later exceptions let this path into the context? */
export function isInContext(path: string, ignore: string): boolean {
  const rules = ignore.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return rules.reduce((isIn, rule) => {
    const pattern = rule.replace(/^!/, "");
    const matches =
      new Bun.Glob(pattern).match(path) ||
      path.startsWith(`${pattern}/`) ||
      (pattern === "*" && path !== "");
    return matches ? rule.startsWith("!") : isIn;
  }, true);
}
