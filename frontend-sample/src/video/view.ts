// What the parts of a video's page know of it.

import { computed } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useMemo } from "preact/hooks";
import type { Picture } from "../api/viewed.ts";
import type { View } from "../effects/viewing.ts";
import type { Viewing } from "../state/viewing.ts";
import type { Words } from "../texts/words.ts";
import { useWords } from "../ui/page.ts";
import { useVideoTexts } from "./texts.ts";

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
  return useContext(ViewContext)!;
}

/** A part of what is looked at: the component is drawn anew when that part is another. `of` is all that says which part. */
export function useViewing<Part>(part: (viewing: Viewing) => Part, ...of: unknown[]): Part {
  const { store } = useView();
  return useMemo(() => computed(() => part(store.state.value)), of).value;
}

/** How pictures are called: by their place, and by their time where that is known. */
export function useTitles(): (place: number, picture: Picture | undefined) => string {
  const words = useWords();
  const texts = useVideoTexts();
  return (place, picture) => {
    const index = words.number(place);
    return picture ? texts.title(index, timeOf(picture, words)) : texts.frame(index);
  };
}

/** To the hundredth where that is short. */
export function timeOf({ timeSeconds }: Picture, { number, duration }: Words): string {
  const exactly = { style: "unit", unit: "second", minimumFractionDigits: 2, maximumFractionDigits: 2 } as const;
  return timeSeconds < 60 ? number(timeSeconds, exactly) : duration(timeSeconds);
}
