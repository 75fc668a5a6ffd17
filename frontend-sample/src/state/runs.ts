// Which pictures are chosen: runs of places, so that all of a hundred thousand cost no more than one.

/** Places from 1, both ends included. */
export type Run = readonly [first: number, last: number];
/** In order, and apart from each other. */
export type Runs = readonly Run[];

export const NONE: Runs = [];

export const isIn = (runs: Runs, place: number): boolean => runs.some(([first, last]) => first <= place && place <= last);

export const sizeOf = (runs: Runs): number => runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);

export function without(runs: Runs, [from, to]: Run): Runs {
  return runs.flatMap(([first, last]): Run[] => {
    if (last < from || first > to) return [[first, last]];
    const left: Run[] = first < from ? [[first, from - 1]] : [];
    return last > to ? [...left, [to + 1, last]] : left;
  });
}

/** What touches the new run becomes one with it. */
export function withRun(runs: Runs, [from, to]: Run): Runs {
  const touching = runs.filter(([first, last]) => last >= from - 1 && first <= to + 1);
  const joined: Run = [Math.min(from, ...touching.map(([first]) => first)), Math.max(to, ...touching.map(([, last]) => last))];
  const before = runs.filter(([, last]) => last < joined[0]);
  return [...before, joined, ...runs.filter(([first]) => first > joined[1])];
}
