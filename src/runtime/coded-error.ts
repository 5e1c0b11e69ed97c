/**
 * Base of every error this product throws on purpose.
 *
 * `facts` is a union discriminated by `code`, so a `catch` that narrows on the
 * code also gets the numbers that belong to it, typed. Log the facts, not the
 * message. Browser-safe: the codec builds on it.
 */
export abstract class CodedError<F extends { readonly code: string }> extends Error {
  readonly facts: F

  constructor(facts: F, message: string, options?: ErrorOptions) {
    super(`${facts.code}: ${message}`, options)
    this.name = new.target.name
    this.facts = facts
  }

  get code(): F['code'] {
    return this.facts.code
  }

  /** The message for people: the code is for programs. */
  get sentence(): string {
    const prefix = `${this.code}: `
    return this.message.startsWith(prefix) ? this.message.slice(prefix.length) : this.message
  }
}
