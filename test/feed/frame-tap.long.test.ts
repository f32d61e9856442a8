/** Many random conversations: TICKSHARD_CONVERSATIONS of each kind, 100 without it. */
import { describe } from 'vitest';
import { testConversations } from './conversations.js';

describe('an inlet', () => testConversations(Number(process.env['TICKSHARD_CONVERSATIONS'] ?? 100)));
