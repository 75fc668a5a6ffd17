import { Operate } from "./operate/app.tsx";
import { start } from "./ui/start.tsx";

start(Operate);
