// One store: all of a state, and the one way in which it changes.

import { type ReadonlySignal, signal } from "@preact/signals";

/** Changes a part of a state by what has happened. It is pure: it makes another value, which shares what stayed the same. */
export type Update<Value, What extends unknown[]> = (value: Value, ...what: What) => Value;

/** A part of a state, for whoever changes that part alone. */
export interface Part<Value> {
  now(): Value;
  change<What extends unknown[]>(update: Update<Value, What>, ...what: What): void;
}

export interface Store<State> {
  /** Whoever reads its value is told of the next one. */
  readonly state: ReadonlySignal<State>;
  part<Name extends keyof State>(name: Name): Part<State[Name]>;
}

export function createStore<State extends object>(initial: State): Store<State> {
  const state = signal(initial);
  return {
    state,
    part: (name) => ({
      now: () => state.peek()[name],
      change: (update, ...what) => {
        const before = state.peek();
        state.value = { ...before, [name]: update(before[name], ...what) };
      },
    }),
  };
}
