// Better choices of pictures, as they stand in the form: what is left out, which one is taken, and which part of it.

import type { Options } from "../api/graphql.ts";

type Given = NonNullable<Options>;
export type Aspect = NonNullable<Given["aspect"]>;
export const ASPECTS: readonly Aspect[] = ["FIT", "FILL", "EXACT"];

/** Numbers are text, as they are typed; a part of the picture is four of them. */
export interface Choices {
  readonly distinct: string;
  readonly minSceneSeconds: string;
  readonly crop: string;
  readonly sharpest: boolean;
  readonly skipBlack: boolean;
  readonly aspect: Aspect;
}

export const NO_CHOICES: Choices = { distinct: "", minSceneSeconds: "", crop: "", sharpest: false, skipBlack: false, aspect: "FIT" };

/** What the API takes: nothing of what does not go with this way to choose frames, or was left empty. */
export function givenOf(choices: Choices, kind: string): Partial<Given> {
  const { distinct, minSceneSeconds, crop, sharpest, skipBlack, aspect } = choices;
  const [left, top, width, height] = crop.split(/[\s;]+/).filter(Boolean).map(Number);
  return {
    ...(distinct === "" ? {} : { distinct: Number(distinct) }),
    ...(sharpest && kind !== "keyframesOnly" ? { sharpest } : {}),
    ...(skipBlack ? { skipBlack } : {}),
    ...(minSceneSeconds === "" || kind !== "sceneChange" ? {} : { minSceneSeconds: Number(minSceneSeconds) }),
    ...(aspect === "FIT" ? {} : { aspect }),
    ...(height === undefined ? {} : { crop: { left: left!, top: top!, width: width!, height } }),
  };
}

interface Applied {
  readonly distinct: number | null;
  readonly minSceneSeconds: number | null;
  readonly crop: { readonly left: number; readonly top: number; readonly width: number; readonly height: number } | null;
  readonly sharpest: boolean;
  readonly skipBlack: boolean;
  readonly aspect: Aspect;
}

/** The form filled in with what the API says was applied. */
export function choicesOf({ distinct, minSceneSeconds, crop, sharpest, skipBlack, aspect }: Applied): Choices {
  const part = crop ? [crop.left, crop.top, crop.width, crop.height].join(" ") : "";
  return { distinct: text(distinct), minSceneSeconds: text(minSceneSeconds), crop: part, sharpest, skipBlack, aspect };
}

function text(value: number | null): string {
  return value === null ? "" : String(value);
}
