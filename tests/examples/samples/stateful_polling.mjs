// Listens for what waits in a session's queue.

import EventSource from 'eventsource';

const sessionId = process.argv[2];
const eventSource = new EventSource('http://localhost:3000/mcp', {
  headers: { 'Mcp-Session-Id': sessionId },
});

eventSource.addEventListener('message', (event) => {
  console.log('message', JSON.parse(event.data));
});
eventSource.addEventListener('keep-alive', () => {
  console.log('keep-alive');
});
eventSource.addEventListener('open', () => {
  console.log('connected');
  setTimeout(() => eventSource.close(), 500);
});
eventSource.addEventListener('error', (event) => {
  console.log('error', event.status ?? event.message);
  process.exitCode = 1;
  eventSource.close();
});
