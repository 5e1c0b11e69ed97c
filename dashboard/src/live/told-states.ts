/** Retained states, by who tells them: when the connection is lost, none is known until it is told again. */
export class ToldStates<State> extends Map<string, State> {
  readonly unconfirmed = new Set<string>()

  override set(teller: string, state: State): this {
    this.unconfirmed.delete(teller)
    return super.set(teller, state)
  }

  override delete(teller: string): boolean {
    this.unconfirmed.delete(teller)
    return super.delete(teller)
  }

  isConfirmed(teller: string): boolean {
    return this.has(teller) && !this.unconfirmed.has(teller)
  }

  lost(): void {
    for (const teller of this.keys()) this.unconfirmed.add(teller)
  }
}
