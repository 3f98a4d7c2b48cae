#!/usr/bin/env bun
import { main } from "./app.ts";
import { COMMANDS } from "./commands.ts";

await main(process.argv.slice(2), COMMANDS);
