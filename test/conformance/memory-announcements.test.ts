import { createMemoryAnnouncements } from '../../src/platform/memory-announcements.ts';
import { describeAnnouncements } from './announcements-conformance.ts';

describeAnnouncements('memory', createMemoryAnnouncements);
