import { join } from "node:path";
import { readHistory } from "../history/reader.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import { readCode, readEnvironment } from "../report/environment.ts";
import type { LamportDiagram } from "../report/page/lamport.ts";
import { type Report, SCHEMA } from "../report/schema.ts";
import { newRunId, writeReport } from "../report/write.ts";
import type { Target } from "../target/target.ts";
import { judge, type Judgement } from "./judge.ts";
import { findLostAcks } from "./lost-acks.ts";
import { LOST_WRITES_FILE, lostWritesText } from "./lost-writes.ts";
import { play, starting } from "./play.ts";
import { whyImpossible } from "./possible.ts";
import type { Progress, Recording, RunOptions, RunOutcome } from "./run.ts";
import {
  collectLogs,
  collectRecordings,
  createRunDir,
  deleteData,
  deleteRun,
  HISTORY_FILE,
  readRecordings,
  type RunDir,
} from "./run-dir.ts";
import type { Scenario } from "./scenario.ts";
import { scheduleOf } from "./schedule.ts";
import { timelineOf } from "./timeline.ts";
import { messageOf } from "./timing.ts";

/** The checker's limits: a key that needs more than this is `unknown`. */
const CHECK_TIMEOUT_MS = 120_000;
const CHECK_MEMORY_BYTES = 512 << 20;

/**
 * One run of a scenario: start → load with faults → lift all → recover within a limit → read every
 * key → check → report. Whatever happens, no process is left. Throws UserError when the target
 * cannot do what the scenario asks, and the signal's reason when it aborts: the run then leaves
 * nothing behind. Data of the nodes is kept after any verdict but pass, their logs always.
 */
export async function runScenario(
  target: Target,
  scenario: Scenario,
  options: RunOptions,
): Promise<RunOutcome> {
  refuseImpossible(target, scenario, options.record);
  const { kind, seed, durationMs, reportsDir } = options;
  const startedAt = new Date();
  const head = { kind, name: scenario.name, runId: newRunId(startedAt, seed) };
  const run = await createRunDir(reportsDir, head);
  const schedule = scheduleOf(scenario, seed, durationMs);
  let last = starting(durationMs);
  const onProgress = (progress: Progress): void => options.onProgress((last = progress));
  try {
    onProgress(last);
    const recording = await (options.play ?? play)(
      ...([target, scenario, schedule, { ...options, onProgress }, run] as const),
    );
    options.signal.throwIfAborted();
    onProgress({ ...last, phase: "checking", faults: [] });
    const { judgement, lostWrites } = await judgeRun(recording, run);
    const passed = judgement.verdict === "pass";
    const recordings = passed && options.record === "failures" ? {} : await collectRecordings(run);
    const logs = { ...(await collectLogs(run)), ...recordings };
    if (passed && !options.keep) await deleteData(run);
    const { nodes, storage, fsync } = scenario.cluster;
    const report: Report = {
      ...{ schema: SCHEMA, ...head, about: scenario.about, startedAt: startedAt.toISOString() },
      ...{
        durationMs,
        seed,
        command: options.command,
        config: { scenario, schedule, place: options.place },
      },
      target: { name: target.name, version: target.version, nodes, storage, fsync },
      code: readCode(),
      environment: readEnvironment(),
      ...judgement,
      story: await storyOf(recording, judgement, run, options),
      loads: [{ name: scenario.name, result: recording.load }],
      timeline: timelineOf(
        ...([recording.ticks, recording.bands, recording.events, recording.memory] as const),
        recording.shards,
      ),
      artifacts: { history: HISTORY_FILE, ...lostWrites, ...logs },
    };
    const written = await writeReport(report, reportsDir);
    const commits = Math.max(0, ...(recording.nodes ?? []).map(({ commitIndex }) => commitIndex));
    const { frames = null } = recording;
    return { report, dir: written.dir, html: written.html, commits, frames };
  } catch (error) {
    if (options.signal.aborted || error instanceof UserError) {
      await deleteRun(run);
      throw error;
    }
    const left = `what the run left behind is in ${run.path}`;
    throw new Error(`${messageOf(error)}\n${left}`, { cause: error });
  }
}

type Judged = {
  readonly judgement: Judgement;
  /** The artifact that names the lost writes, if there are any. */
  readonly lostWrites: Readonly<Record<string, string>>;
};

/** Of a violation; told after the recordings were collected. */
async function storyOf(
  recording: Recording,
  { verdict, checks }: Judgement,
  run: RunDir,
  { tellStory }: RunOptions,
): Promise<LamportDiagram | undefined> {
  if (verdict !== "fail" || tellStory === undefined) return undefined;
  const { nodes, spares = 0 } = recording.scenario.cluster;
  const { loadStartedUs: startUs, bands, events } = recording;
  const recordings = await readRecordings(run);
  const happened = { checks, nodes: nodes + spares, startUs, bands, events, recordings };
  return tellStory(happened) ?? undefined;
}

async function judgeRun(recording: Recording, run: RunDir): Promise<Judged> {
  const bytes = new Uint8Array(await Bun.file(run.history).arrayBuffer());
  const history = readHistory(bytes, run.history);
  const judgement = judge(recording, history, {
    now: () => performance.now(),
    timeoutMs: CHECK_TIMEOUT_MS,
    memoryBytes: CHECK_MEMORY_BYTES,
  });
  const found = findLostAcks(history);
  if (found.lost.length === 0) return { judgement, lostWrites: {} };
  const text = lostWritesText(history, found, recording.loadStartedUs);
  await Bun.write(join(run.path, LOST_WRITES_FILE), text);
  return { judgement, lostWrites: { "lost writes, by name": LOST_WRITES_FILE } };
}

function refuseImpossible(target: Target, scenario: Scenario, record: RunOptions["record"]): void {
  const where = `target ${target.name}`;
  const problems = whyImpossible(target, scenario).map((what): Problem => {
    return { where, what, fix: "choose another scenario or target" };
  });
  const { recording } = target.can;
  if (record === true && recording !== true) {
    problems.push({
      where,
      what: `cannot do "recording": ${recording}`,
      fix: "leave out --record",
    });
  }
  if (problems.length > 0) throw new UserError(`scenario "${scenario.name}" cannot run`, problems);
}
