// The service's own sentences that name what is wrong with one file, and so say more than a code does. They come in English.

export const SAYINGS = {
  encrypted: /^This video is encrypted .+$/,
  lostZip: /^The service lost the ZIP .+$/,
  noSpace: /^The service had no space .+$/,
  storedTooMuch: /^Your files and ZIPs would .+$/,
  stopped: /^An operator .+$/,
  joined: /^This file is several .+$/,
  cutOff: /^This file ends before .+$/,
  unknownCodec: /^This video is encoded in (.+), which cannot be decoded here; (.+) and .+$/,
  strangeCodec: /^This video is encoded in a way that is not known here; (.+) and .+$/,
  noContainer: /^This file is no video in a format that is read here; send (.+)\.$/,
  otherContent: /^This file is named (\S+) but its content is (.+?)\. Send a film in (.+)\.$/,
  empty: /^This file is empty\.$/,
  startAfterEnd: /^The chosen start is later than the end of this video, which is (.+) long\.$/,
  noKeyPicture: /^This video is (.+) long and has no key .+$/,
  noInstant: /^This video is (.+) long, and none of the times asked for is in it\.$/,
  noInstantInPart: /^This video is (.+) long, and none of the times asked for is in the chosen part of it\.$/,
  allBlack: /^This video is (.+) long, and all .+ are black\.$/,
  tooManySeen: /^Too many pictures would have to be compared.+$/,
  tooLargeBox: /^A picture of (\d+x\d+) pixels is larger .+$/,
  damaged: /^This video is damaged: its picture at (.+) cannot be decoded\.$/,
} as const;

export type Saying = keyof typeof SAYINGS;
