package mcp

import (
	"context"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// lastAnswers is a transport that ends when all that was asked is answered: the SDK's end
// with their input, so that a file of calls would get no answers.
type lastAnswers struct{ sdk.Transport }

func (t lastAnswers) Connect(ctx context.Context) (sdk.Connection, error) {
	c, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &answering{Connection: c, idle: make(chan struct{}), closed: make(chan struct{})}, nil
}

// lastAnswer is how long answers are waited for after the input has ended; a client that is
// gone may have calls that are never answered.
const lastAnswer = 10 * time.Second

type answering struct {
	sdk.Connection
	mu     sync.Mutex
	open   int // calls that are not answered
	ended  bool
	idle   chan struct{} // closed when the input has ended and nothing is open
	once   sync.Once
	closed chan struct{}
}

// count counts calls and answers, and the end of the input.
func (c *answering) count(calls int, end bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.ended && c.open == 0
	c.open, c.ended = max(c.open+calls, 0), c.ended || end
	if c.ended && c.open == 0 && !was {
		close(c.idle)
	}
}

func (c *answering) Read(ctx context.Context) (jsonrpc.Message, error) {
	m, err := c.Connection.Read(ctx)
	if r, ok := m.(*jsonrpc.Request); ok && err == nil && r.ID.IsValid() {
		c.count(1, false)
	}
	if err != nil {
		c.count(0, true)
		select {
		case <-c.idle:
		case <-c.closed:
		case <-ctx.Done():
		case <-time.After(lastAnswer):
		}
	}
	return m, err
}

func (c *answering) Write(ctx context.Context, m jsonrpc.Message) error {
	err := c.Connection.Write(ctx, m)
	if _, ok := m.(*jsonrpc.Response); ok {
		c.count(-1, false)
	}
	return err
}

func (c *answering) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Connection.Close()
}
