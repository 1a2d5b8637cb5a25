// A hundred requests at once.

const promises = [];
for (let i = 0; i < 100; i++) {
  promises.push(
    fetch('http://localhost:3000/mcp', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        method: 'tools/call',
        params: { name: 'requestTiming', arguments: {} },
        id: i,
      }),
    }),
  );
}
const results = await Promise.all(promises);
for (const [i, result] of results.entries()) {
  const answer = await result.json();
  if (!result.ok || answer.id !== i || !answer.result) {
    throw new Error(`request ${i}: ${result.status} ${JSON.stringify(answer)}`);
  }
}
console.log(`Completed ${results.length} requests`);
