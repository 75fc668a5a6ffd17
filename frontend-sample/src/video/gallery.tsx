// The gallery: all pictures of a video, of which only those are drawn that are on the screen.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { drawn, type Grid, gridOf, heightOf, placesOf, rowOf, steppedBy, topOf } from "../state/grid.ts";
import { isIn } from "../state/runs.ts";
import type { Storyboard } from "../state/storyboard.ts";
import { allChosen, extended, moved, noneChosen, pictureAt, toggled } from "../state/viewing.ts";
import { useWords } from "../ui/page.ts";
import { useSize } from "../ui/size.ts";
import { cellAt } from "./cells.ts";
import { SmallPicture } from "./small-picture.tsx";
import { useVideoTexts } from "./texts.ts";
import { useTitles, useView, useViewing, timeOf } from "./view.ts";

interface GalleryProps {
  name: string;
  count: number;
  /** A picture's width by its height. */
  ratio: number;
  board: Storyboard | null;
  open: (place: number) => void;
}

/** Milliseconds without a scroll after which what is on the screen is asked for. */
const AT_REST = 120;

export function Gallery({ name, count, ratio, board, open }: GalleryProps) {
  const texts = useVideoTexts();
  const { store, want } = useView();
  const choice = store.part("choice");
  const at = useViewing((viewing) => viewing.choice.at);
  const box = useRef<HTMLDivElement>(null);
  const [width] = useSize(box);
  const grid = gridOf(width || 320, count, ratio);
  const rows = useRowsOnScreen(box, grid);
  const [first, last] = rows;

  // What is passed over in a hurry is asked for by nobody.
  useEffect(() => {
    const rest = setTimeout(() => want(first * grid.columns + 1, Math.min((last + 1) * grid.columns, count)), AT_REST);
    return () => clearTimeout(rest);
  }, [first, last, grid.columns]);

  // The keyboard's focus goes where the keyboard is; its row is always drawn, which brings it onto the screen.
  useLayoutEffect(() => {
    if (box.current!.contains(document.activeElement)) cellAt(box.current!, at)?.focus();
  }, [at]);

  function press(event: KeyboardEvent): void {
    const screenRows = Math.max(1, Math.floor(innerHeight / (grid.height + grid.gap)) - 1);
    const held = event.ctrlKey || event.metaKey;
    const to = steppedBy(grid, at, event.key, held, screenRows);
    if (to !== null) choice.change(event.shiftKey ? extended : moved, to);
    else if (event.key === " ") choice.change(event.shiftKey ? extended : toggled, at);
    else if (event.key === "Enter") open(at);
    else if (event.key === "a" && held) choice.change(allChosen, count);
    else if (event.key === "Escape") choice.change(noneChosen);
    else return;
    event.preventDefault();
  }

  const keyboardRow = rowOf(grid, at);
  const shown = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const all = shown.includes(keyboardRow) ? shown : [...shown, keyboardRow].sort((one, other) => one - other);
  return (
    <div
      ref={box}
      class="gallery"
      role="grid"
      aria-label={texts.gallery(name)}
      aria-describedby="gallery-hint"
      aria-multiselectable="true"
      aria-rowcount={grid.rows}
      aria-colcount={grid.columns}
      style={{ height: `${heightOf(grid)}px` }}
      onKeyDown={press}
    >
      {width > 0 && all.map((row) => <GalleryRow key={row} row={row} grid={grid} board={board} open={open} />)}
    </div>
  );
}

interface RowProps {
  row: number;
  grid: Grid;
  board: Storyboard | null;
  open: (place: number) => void;
}

function GalleryRow({ row, grid, board, open }: RowProps) {
  const { height, gap } = grid;
  return (
    <div class="gallery-row" role="row" aria-rowindex={row + 1} style={{ top: `${topOf(grid, row)}px`, height: `${height}px`, gap: `${gap}px` }}>
      {placesOf(grid, row).map((place, column) => (
        <Cell key={place} place={place} column={column + 1} grid={grid} board={board} open={open} />
      ))}
    </div>
  );
}

interface CellProps extends Omit<RowProps, "row"> {
  place: number;
  column: number;
}

/** A picture. The mark chooses it, as Space does; whoever holds Shift or Ctrl chooses with the whole picture. */
function Cell({ place, column, grid: { count, width, height }, board, open }: CellProps) {
  const words = useWords();
  const titleOf = useTitles();
  const choice = useView().store.part("choice");
  const picture = useViewing(({ pictures }) => pictureAt(pictures, place), place);
  const isChosen = useViewing((viewing) => isIn(viewing.choice.chosen, place), place);
  const isHere = useViewing((viewing) => viewing.choice.at === place, place);

  function click(event: MouseEvent): void {
    const onMark = (event.target as Element).closest(".mark-chosen") !== null;
    // By touch there is no Shift: once one is chosen, the next ones are by a tap.
    const byTouch = (event as PointerEvent).pointerType === "touch" && choice.now().chosen.length > 0;
    if (event.shiftKey) choice.change(extended, place);
    else if (onMark || byTouch || event.ctrlKey || event.metaKey) choice.change(toggled, place);
    else {
      choice.change(moved, place);
      open(place);
    }
  }

  return (
    <div
      class="cell"
      role="gridcell"
      tabIndex={isHere ? 0 : -1}
      data-place={place}
      aria-colindex={column}
      aria-selected={isChosen}
      aria-label={titleOf(place, picture)}
      style={{ width: `${width}px` }}
      onClick={click}
      onMouseDown={(event) => event.shiftKey && event.preventDefault()}
    >
      <SmallPicture place={place} count={count} board={board} width={width} height={height} picture={picture} />
      <span class="cell-time">{picture ? timeOf(picture, words) : words.number(place)}</span>
      <span class="mark-chosen" />
    </div>
  );
}

/** The first and the last row of the grid that are to be drawn now. */
function useRowsOnScreen(box: { readonly current: HTMLElement | null }, grid: Grid): readonly [number, number] {
  const above = useSignal(0);
  const screen = useSignal(innerHeight);
  const layout = useSignal(grid);
  layout.value = grid;
  useLayoutEffect(() => {
    const listening = new AbortController();
    const options = { signal: listening.signal, passive: true };
    function look(): void {
      screen.value = innerHeight;
      above.value = Math.max(0, -box.current!.getBoundingClientRect().top);
    }
    addEventListener("scroll", look, options);
    addEventListener("resize", look, options);
    look();
    return () => listening.abort();
  }, []);
  // One string for both, so that a scroll within a row draws nothing anew.
  const rows = useComputed(() => drawn(layout.value, above.value, screen.value).join()).value;
  return rows.split(",").map(Number) as [number, number];
}
