/** The service in a process of its own, as its environment says. It writes what it counted when its parent lets go. */

import { openService } from "../../src/http/in-node.ts";
import { serveHttp } from "../../src/http/node-server.ts";

const service = await openService(process.env);
const { port } = await serveHttp(service.app);
process.on("disconnect", () => void service.close().then(() => process.exit(0)));
process.send!({ port });
