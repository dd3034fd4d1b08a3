import * as path from "node:path";

/** The cookbook's folder, and the programs in it that run on a node. */
export const cookbookFolder = path.resolve(import.meta.dirname, "../../cookbooks/etcd");
export const filesFolder = path.join(cookbookFolder, "files");
