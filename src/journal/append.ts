/** Adds a segment to the journal of a run that has ended. What is there is never changed, but for a torn tail. */
import { join } from 'node:path';
import { sleep } from '../clock.js';
import { renameOver, syncFolder, writeAside, newTag } from '../text/atomic-file.js';
import { BlockBuilder } from './blocks.js';
import { segmentHeader, segmentName, type BlockStamp } from './format.js';
import type { JournalExtent } from './reader.js';
import { cutTornTail } from './segments.js';

/**
 * Writes the blocks that `fill` makes as one segment after `extent`: all of them or, after a kill, none. `stamp`: of
 * the segment and its blocks. Throws EngineError OUTPUT.
 */
export async function appendSegment(
  folder: string,
  extent: JournalExtent,
  stamp: BlockStamp,
  fill: (blocks: BlockBuilder) => void,
): Promise<void> {
  const number = extent.segment + 1;
  const builder = new BlockBuilder(extent.blocks);
  fill(builder);
  const { bytes, length } = builder.take(Buffer.alloc(0));
  const header = segmentHeader({
    runId: extent.runId,
    number,
    firstBlock: extent.blocks,
    wallMs: stamp.wallMs,
  });
  cutTornTail(folder, extent);
  const path = join(folder, segmentName(number));
  const aside = await writeAside(path, Buffer.concat([header, bytes.subarray(0, length)]), newTag());
  await renameOver(aside, path, { wait: sleep });
  await syncFolder(folder);
}
