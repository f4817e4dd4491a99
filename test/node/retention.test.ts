import { quotaPolicy } from '../../src/node/retention.ts'
import { retentionContract } from '../contract/retention.ts'

retentionContract('quota policy', ({ quotaBytes, usedBytes }) => quotaPolicy(quotaBytes, usedBytes))
