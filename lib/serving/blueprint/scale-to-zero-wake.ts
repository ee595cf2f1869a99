/** What wakes a service, as the plan reads it. */
export type Wake =
  | { readonly type: 'schedule'; readonly start: string; readonly end: string; readonly timeZone: string }
  | { readonly type: 'queue'; readonly queueUrl: string; readonly region: string; readonly messagesPerReplica: number }
  | { readonly type: 'request'; readonly concurrentRequests: number; readonly holdSeconds: number; readonly namespace: string };
