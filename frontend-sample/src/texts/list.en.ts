// What the list says, in English.

const many = (count: number, one: string, more: string): string => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

export const list = {
  search: "Search by name",
  states: "States",
  all: "All",
  sort: "Order",
  sorts: { newest: "Newest first", oldest: "Oldest first", name: "By name", largest: "Largest first", longest: "Longest first" },
  dates: "Dates",
  from: "Sent from",
  to: "Sent until",
  found: (count: number, more: boolean) => `${many(count, "video", "videos")}${more ? " and more" : ""}.`,
  nothing: "No video fits.",
  showAll: "Show all videos",
  choose: "Choose",
  chooseAll: "Choose all that are shown",
  chooseNone: "Choose none",
  chosen: (count: number) => `${count.toLocaleString("en")} chosen`,
  download: (count: number) => `Download ${many(count, "ZIP", "ZIPs")}`,
  cancel: (count: number) => `Cancel ${count.toLocaleString("en")}`,
  remove: (count: number) => `Delete ${count.toLocaleString("en")}`,
  removed: (count: number) => `${many(count, "video is", "videos are")} deleted.`,
  runs: (count: number) => `${many(count, "more run", "more runs")} of this file`,
};

export type ListTexts = typeof list;
