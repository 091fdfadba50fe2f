package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-go/v4"
)

// Error is what a cluster answered instead of what was asked.
type Error struct {
	Status int
	Type   string // as OpenSearch names it: version_conflict_engine_exception
	Reason string
}

func (e *Error) Error() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "the cluster refuses the name and password (401): give them in the address, opensearch://NAME:PASSWORD@HOST, or in $TAMIS_OPENSEARCH_PASSWORD"
	case e.Status == http.StatusForbidden && e.Type == blockedType:
		return "the cluster takes no writes: " + e.Reason + " (a disk over its flood stage makes an index read-only: free space, and it is lifted)"
	case e.Type == "":
		return fmt.Sprintf("the cluster answers %d: %s", e.Status, e.Reason)
	}
	return fmt.Sprintf("the cluster answers %d: %s: %s", e.Status, e.Type, e.Reason)
}

const (
	conflictType = "version_conflict_engine_exception"
	blockedType  = "cluster_block_exception"
)

// isStatus says that err is an answer with a status.
func isStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// Waits between tries: the first, and the longest; each is shortened by chance, so that
// many clients do not come again at one time.
const (
	firstWait = 50 * time.Millisecond
	mostWait  = 5 * time.Second
)

// mostAttempt is how long one node is waited for.
const mostAttempt = 30 * time.Second

// cluster sends requests to the nodes of a cluster.
type cluster struct {
	client *opensearch.Client
	// patience is how long a request is tried again while no node takes it.
	patience time.Duration
}

// dial makes a client; it contacts nobody.
func dial(o Options) (*cluster, error) {
	addresses := make([]string, len(o.Addresses))
	for i, a := range o.Addresses {
		u, err := url.Parse(a)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("the address %q of a node is not http://HOST:PORT or https://HOST:PORT", a)
		}
		addresses[i] = u.String()
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.Proxy = nil
	never := false
	c, err := opensearch.NewClient(opensearch.Config{
		Addresses: addresses, Username: o.User, Password: o.Password, CACert: o.CA,
		Transport: transport, DisableRetry: true, RequestTimeout: mostAttempt, DiscoverNodesOnStart: &never, HealthCheckMaxRetries: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("client of %s: %w", strings.Join(o.Addresses, ", "), err)
	}
	patience := o.Patience
	if patience == 0 {
		patience = 30 * time.Second
	}
	return &cluster{client: c, patience: patience}, nil
}

func (c *cluster) close() error { return c.client.Close() }

// do sends a request, again where no node takes it, and reads the answer into out where
// that is not nil. The body is JSON, or bytes as they are. Every request that is sent may
// be carried out more than once.
func (c *cluster) do(ctx context.Context, method, path string, body, out any) error {
	data, err := bytesOf(body)
	if err != nil {
		return err
	}
	until := time.Now().Add(c.patience)
	for wait := firstWait; ; wait = min(2*wait, mostWait) {
		err := c.send(ctx, method, path, data, out)
		if err == nil || ctx.Err() != nil || !passes(err) {
			return err
		}
		if time.Now().Add(wait).After(until) {
			return fmt.Errorf("tried again for %s: %w", c.patience, err)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// pause waits between half of a time and all of it.
func pause(ctx context.Context, most time.Duration) error {
	t := time.NewTimer(most/2 + rand.N(most/2+1))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// passes says that a request may be taken a little later.
func passes(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return !errors.Is(err, errNotOpenSearch)
	}
	return busy(e.Status)
}

// busy says of a status that another node may take it, or the same a little later: a node
// that loses another while it answers says 500.
func busy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

var errUnreached = errors.New("no node of the cluster answers")

var errNotOpenSearch = errors.New("what answers there is no OpenSearch")

// mostAnswer bounds what is read of an answer.
const mostAnswer = 256 << 20

// once is do that tries once.
func (c *cluster) once(ctx context.Context, method, path string, body, out any) error {
	data, err := bytesOf(body)
	if err != nil {
		return err
	}
	return c.send(ctx, method, path, data, out)
}

func bytesOf(body any) ([]byte, error) {
	switch b := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return b, nil
	}
	return json.Marshal(body)
}

func (c *cluster) send(ctx context.Context, method, path string, data []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	if data != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.client.Stream(req)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreached, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer+1))
	if err != nil {
		return fmt.Errorf("%w: its answer broke off: %w", errUnreached, err)
	}
	if len(answer) > mostAnswer {
		return fmt.Errorf("the answer of the cluster has more than %d MB", mostAnswer>>20)
	}
	if res.StatusCode/100 == 2 {
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(answer, out); err != nil {
			return fmt.Errorf("%w: its answer is not JSON (%s)", errNotOpenSearch, start(answer))
		}
		return nil
	}
	var wrong struct {
		Error json.RawMessage `json:"error"`
	}
	e := &Error{Status: res.StatusCode}
	if method == http.MethodHead {
		return e
	}
	if err := json.Unmarshal(answer, &wrong); err != nil {
		if res.StatusCode == http.StatusUnauthorized || passes(e) {
			e.Reason = start(answer)
			return e
		}
		return fmt.Errorf("%w: it answers %d, and no JSON (%s)", errNotOpenSearch, res.StatusCode, start(answer))
	}
	var detail struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
		Root   []struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"root_cause"`
	}
	if json.Unmarshal(wrong.Error, &detail) != nil { // a text, or nothing: a document that is not there
		e.Reason = start(wrong.Error)
		return e
	}
	e.Type, e.Reason = detail.Type, detail.Reason
	if len(detail.Root) > 0 && detail.Root[0].Reason != "" {
		e.Type, e.Reason = detail.Root[0].Type, detail.Root[0].Reason
	}
	return e
}

// start is the beginning of an answer, for an error.
func start(answer []byte) string {
	const most = 80
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(answer[:min(len(answer), most)]), "")), " ")
	if len(answer) > most {
		s += "…"
	}
	return s
}
