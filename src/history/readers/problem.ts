import { UserError } from "../../lib/user-error.ts";

/** Something in a file that is not what it should be, without its place: a reader knows that. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly fix: string;

  constructor(what: string, fix: string) {
    super(what);
    this.fix = fix;
  }
}

/** Throws Unreadable. */
export function unreadable(what: string, fix: string): never {
  throw new Unreadable(what, fix);
}

/** Throws the UserError for a history that cannot be read because of what stands at `where`. */
export function refuse(where: string, what: string, fix: string): never {
  throw new UserError("cannot read the history", [{ where, what, fix }]);
}

/** The text of something from a file, cut to what fits a message. */
export const quote = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
