export type { Access } from "./connection.ts";
export { BlobSink, type DownloadProgress, type DownloadSettings, type Held, type Sink } from "./download.ts";
export { FiapX } from "./fiapx.ts";
export { IndexedDbStore } from "./indexed-db.ts";
export { put, type Answered, type OnSent, type Put } from "./line.ts";
export { Refused, type OwnCode, type Wait, type Why } from "./refused.ts";
export type { Kept, NewUpload, Service, StagedUpload, Store, UploadPart } from "./service.ts";
export { Upload, type Phase, type Progress, type UploadSettings } from "./upload.ts";
export type { FramesArchive, Status, Video } from "./video.ts";
