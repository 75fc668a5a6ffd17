import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { drawn, gridOf, heightOf, placesOf, steppedBy } from "../src/state/grid.ts";
import { videoAt } from "../src/state/page.ts";
import { isIn, type Runs, sizeOf, withRun, without } from "../src/state/runs.ts";
import { tileOf } from "../src/state/storyboard.ts";
import * as viewing from "../src/state/viewing.ts";

const CHOICE = viewing.NOTHING.choice;

/** What is chosen, place by place, as somebody would note it who chooses one after the other. */
function noted(runs: Runs, most: number): number[] {
  return Array.from({ length: most }, (_, index) => index + 1).filter((place) => isIn(runs, place));
}

test("runs hold the same places as a list of them does, whatever is chosen and taken back, and stay apart", () => {
  const list = new Set<number>();
  let runs: Runs = [];
  // Knuth's linear congruential generator: always the same story.
  let seed = 7n;
  for (let step = 0; step < 400; step++) {
    seed = (seed * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    const from = Number((seed >> 33n) % 40n) + 1;
    const to = Math.min(40, from + Number((seed >> 50n) % 6n));
    const isTaken = step % 3 === 0;
    runs = isTaken ? without(runs, [from, to]) : withRun(runs, [from, to]);
    for (let place = from; place <= to; place++) if (isTaken) list.delete(place); else list.add(place);
    deepEqual(noted(runs, 40), [...list].sort((one, other) => one - other));
    equal(sizeOf(runs), list.size);
    runs.slice(1).forEach(([first], index) => equal(first > runs[index]![1] + 1, true));
  }
});

test("a range is chosen from where one was chosen last, in both directions, and all of a hundred thousand are one run", () => {
  const one = viewing.toggled(CHOICE, 10);
  deepEqual(viewing.extended(one, 14).chosen, [[10, 14]]);
  deepEqual(viewing.extended(viewing.extended(one, 14), 8).chosen, [[8, 14]]);
  deepEqual(viewing.toggled(one, 10).chosen, []);
  deepEqual(viewing.allChosen(one, 100_000).chosen, [[1, 100_000]]);
  deepEqual(viewing.extended(viewing.moved(one, 20), 21).chosen, [[10, 10], [20, 21]]);
});

test("what is older than what is known changes nothing, and fresher links of the same version do", () => {
  const known = { version: 3 } as Parameters<typeof viewing.told>[1];
  equal(viewing.told(known, { ...known, version: 2 }), known);
  const fresher = { ...known };
  equal(viewing.told(known, fresher), fresher);
});

test("so many pages of pictures are kept, those that were read last", () => {
  const page = (place: number): [] => [{ index: place }] as unknown as [];
  let { pictures } = viewing.NOTHING;
  for (let number = 0; number < 40; number++) pictures = viewing.pageRead(pictures, number, page(number * 100 + 1));
  equal(pictures.pages.size, 30);
  equal(viewing.pictureAt(pictures, 3901)?.index, 3901);
  equal(viewing.pictureAt(pictures, 901), undefined);
  deepEqual([1, 100, 101, 100_000].map(viewing.pageOf), [0, 0, 1, 999]);
});

test("a grid fills its width, and only rows near the screen are drawn", () => {
  const grid = gridOf(1000, 100_000, 16 / 9);
  equal(grid.columns * grid.width + (grid.columns - 1) * grid.gap <= 1000, true);
  equal(grid.columns, 6);
  deepEqual(placesOf(grid, 0), [1, 2, 3, 4, 5, 6]);
  deepEqual(placesOf(grid, grid.rows - 1), [99_997, 99_998, 99_999, 100_000]);
  const [first, last] = drawn(grid, 500_000, 800);
  equal(first * (grid.height + grid.gap) < 500_000 && last * (grid.height + grid.gap) > 500_800, true);
  equal((last - first + 1) * grid.columns < 120, true);
  deepEqual(drawn(grid, heightOf(grid), 800)[1], grid.rows - 1);
  equal(gridOf(328, 10, 16 / 9).columns, 3);
});

test("keys lead through the grid and never out of it", () => {
  const grid = gridOf(1000, 20, 16 / 9);
  const steps = (place: number, ...keys: string[]): (number | null)[] => keys.map((key) => steppedBy(grid, place, key, false, 2));
  deepEqual(steps(8, "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageDown", "x"), [7, 9, 2, 14, 7, 12, 20, null]);
  deepEqual(steps(1, "ArrowLeft", "ArrowUp", "PageUp"), [1, 1, 1]);
  deepEqual(steps(20, "ArrowRight", "ArrowDown"), [20, 20]);
  deepEqual([steppedBy(grid, 8, "Home", true, 2), steppedBy(grid, 8, "End", true, 2)], [1, 20]);
});

test("a tile stands for the picture that the service says it does, and for those after it", () => {
  const sheets = Array.from({ length: 20 }, (_, index) => ({ url: `${index}`, first: index * 100, count: 100 }));
  const board = { tileWidth: 160, tileHeight: 90, columns: 10, tiles: 2000, sheets };
  // The contract: tile k stands for the picture floor(k * frames / tiles), both from 0.
  for (const frames of [2000, 2001, 3333, 100_000]) {
    for (const k of [0, 1, 57, 1234, 1999]) {
      const place = Math.floor((k * frames) / 2000) + 1;
      deepEqual(tileOf(board, place, frames), { sheet: Math.floor(k / 100), column: k % 10, row: Math.floor((k % 100) / 10) });
    }
  }
  deepEqual(tileOf(board, 100_000, 100_000), { sheet: 19, column: 9, row: 9 });
  equal(tileOf({ ...board, sheets: sheets.slice(0, 3) }, 50_000, 100_000), null);
  equal(tileOf({ ...board, tiles: 0 }, 1, 10), null);
});

test("a video's own page is told by its path", () => {
  deepEqual(["/", "/videos/", "/videos/a-1", "/videos/a/frames"].map(videoAt), [null, null, "a-1", null]);
});
