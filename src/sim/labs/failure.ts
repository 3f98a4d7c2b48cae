/** What a lab asserts does not hold. */
export class LabFailure extends Error {
  override readonly name = "LabFailure";
}
