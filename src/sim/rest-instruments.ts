/** The instrument file of the simulated broker, of the market's date, at the path of the real one. */
import { istDate } from '../market/session.js';
import { simulatedRows } from './instrument-file.js';
import type { Market } from './market.js';
import type { RestRoute } from './rest.js';

const FILE_PATH = '/OpenAPI_File/files/OpenAPIScripMaster.json';

/** Without a log-in, as the real one. */
export function instrumentRoutes(market: Market): Record<string, RestRoute> {
  return {
    [FILE_PATH]: {
      method: 'GET',
      answer: () => ({
        status: 200,
        body: simulatedRows(market.seed, market.calendar, istDate(market.nowMs)),
      }),
    },
  };
}
