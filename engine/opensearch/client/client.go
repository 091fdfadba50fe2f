// Package client sends requests to the nodes of a cluster of OpenSearch: again where a
// node does not take them, in bulk where they are many, with errors in one sentence.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
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
	case e.Type == BlockedType && e.Status != http.StatusServiceUnavailable:
		return "the cluster takes no writes: " + e.Reason + " (a disk over its flood stage makes an index read-only until there is space; one that is made anew takes writes when that is done, or, where who did that is gone, when it is opened again)"
	case missingShards.MatchString(e.Reason):
		return fmt.Sprintf("the cluster lacks shards of the index, %s, so that no answer would be whole: start the nodes again that have them, or give the index replicas", missingShards.FindStringSubmatch(e.Reason)[1])
	case e.Type == "":
		return fmt.Sprintf("the cluster answers %d: %s", e.Status, e.Reason)
	}
	return fmt.Sprintf("the cluster answers %d: %s: %s", e.Status, e.Type, e.Reason)
}

var missingShards = regexp.MustCompile(`missing shards (\[\[.*?\]\])`)

// Types of errors.
const (
	BlockedType = "cluster_block_exception"
	GoneType    = "index_not_found_exception"
)

// Fenced says that an index takes no writes for now, or is another one: it is read-only for
// a disk that is full, or is made anew under another name.
func Fenced(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Type == BlockedType && e.Status == http.StatusForbidden || e.Type == GoneType)
}

// Item is what an answer about several documents says of one that could not be read.
type Item struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

// Err is nil where nothing went wrong. No status comes with it: but for an index that is not
// there, it was a node that could not be reached.
func (i Item) Err() error {
	switch i.Type {
	case "":
		return nil
	case GoneType:
		return &Error{Status: http.StatusNotFound, Type: i.Type, Reason: i.Reason}
	}
	return &Error{Status: http.StatusServiceUnavailable, Type: i.Type, Reason: i.Reason}
}

// IsStatus says that err is an answer with a status.
func IsStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// Query is a part of a request.
type Query = map[string]any

// Waits between tries: the first, and the longest; each is shortened by chance, so that
// many clients do not come again at one time.
const (
	FirstWait = 50 * time.Millisecond
	MostWait  = 5 * time.Second
)

// mostAttempt is how long one node is waited for.
const mostAttempt = 30 * time.Second

// Cluster sends requests to the nodes of a cluster.
type Cluster struct {
	client *opensearch.Client
	// Patience is how long a request is tried again while no node takes it.
	Patience time.Duration
}

// Options say where a cluster is and who asks.
type Options struct {
	// Addresses of nodes: http://HOST:PORT or https://HOST:PORT.
	Addresses      []string
	User, Password string
	// CA are certificates in PEM form of authorities that sign those of the nodes.
	CA []byte
	// Patience is how long a request is tried again while no node takes it; 0 is 30 s.
	Patience time.Duration
}

// Dial makes a client; it contacts nobody.
func Dial(o Options) (*Cluster, error) {
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
	return &Cluster{client: c, Patience: patience}, nil
}

func (c *Cluster) Close() error { return c.client.Close() }

// Do sends a request, again where no node takes it, and reads the answer into out where
// that is not nil. The body is JSON, or bytes as they are. Every request that is sent may
// be carried out more than once.
func (c *Cluster) Do(ctx context.Context, method, path string, body, out any) error {
	data, err := bytesOf(body)
	if err != nil {
		return err
	}
	return c.Again(ctx, func() error { return c.send(ctx, method, path, data, out) })
}

// Again tries something, again where it fails with what passes, as Do does.
func (c *Cluster) Again(ctx context.Context, try func() error) error {
	until := time.Now().Add(c.Patience)
	for wait := FirstWait; ; wait = min(2*wait, MostWait) {
		err := try()
		if err == nil || ctx.Err() != nil || !passes(err) {
			return err
		}
		if time.Now().Add(wait).After(until) {
			return fmt.Errorf("tried again for %s: %w", c.Patience, err)
		}
		if err := Pause(ctx, wait); err != nil {
			return err
		}
	}
}

// Pause waits between half of a time and all of it.
func Pause(ctx context.Context, most time.Duration) error {
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
		return !errors.Is(err, ErrNotOpenSearch)
	}
	return Busy(e.Status)
}

// Busy says of a status that another node may take it, or the same a little later: a node
// that loses another while it answers says 500.
func Busy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

var ErrUnreached = errors.New("no node of the cluster answers")

var ErrNotOpenSearch = errors.New("what answers there is no OpenSearch")

// mostAnswer bounds what is read of an answer.
const mostAnswer = 256 << 20

// Once is Do that tries once.
func (c *Cluster) Once(ctx context.Context, method, path string, body, out any) error {
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

func (c *Cluster) send(ctx context.Context, method, path string, data []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	if data != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.client.Stream(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreached, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer+1))
	if err != nil {
		return fmt.Errorf("%w: its answer broke off: %w", ErrUnreached, err)
	}
	if len(answer) > mostAnswer {
		return fmt.Errorf("the answer of the cluster has more than %d MB", mostAnswer>>20)
	}
	if res.StatusCode/100 == 2 {
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(answer, out); err != nil {
			return fmt.Errorf("%w: its answer is not JSON (%s)", ErrNotOpenSearch, start(answer))
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
		return fmt.Errorf("%w: it answers %d, and no JSON (%s)", ErrNotOpenSearch, res.StatusCode, start(answer))
	}
	var detail struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
		Root   []struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"root_cause"`
		Cause struct {
			Reason string `json:"reason"`
		} `json:"caused_by"`
	}
	if json.Unmarshal(wrong.Error, &detail) != nil { // a text, or nothing: a document that is not there
		e.Reason = start(wrong.Error)
		return e
	}
	e.Type, e.Reason = detail.Type, cmp.Or(detail.Reason, detail.Cause.Reason)
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

// Known says what is wrong where the cluster is none that this package knows.
func (c *Cluster) Known(ctx context.Context) error {
	var answer struct {
		Version struct {
			Distribution string `json:"distribution"`
			Number       string `json:"number"`
		} `json:"version"`
	}
	if err := c.Do(ctx, http.MethodGet, "/", nil, &answer); err != nil {
		return err
	}
	v := answer.Version
	if v.Distribution != "opensearch" {
		what := "it names no version"
		if v.Number != "" {
			what = "it says version " + v.Number + " of " + strings.TrimSpace(v.Distribution+" (no distribution named: Elasticsearch?)")
		}
		return fmt.Errorf("%w: %s", ErrNotOpenSearch, what)
	}
	major, _, _ := strings.Cut(v.Number, ".")
	if major != "2" && major != "3" {
		return fmt.Errorf("the cluster is OpenSearch %s; versions 2 and 3 are known", v.Number)
	}
	return nil
}

// Plugins are those that all nodes of the cluster have, by name, with their versions.
func (c *Cluster) Plugins(ctx context.Context) (map[string]string, error) {
	var nodes []struct {
		Name string `json:"name"`
	}
	var installed []struct {
		Name      string `json:"name"`
		Component string `json:"component"`
		Version   string `json:"version"`
	}
	if err := c.Do(ctx, http.MethodGet, "/_cat/nodes?format=json&h=name", nil, &nodes); err != nil {
		return nil, err
	}
	if err := c.Do(ctx, http.MethodGet, "/_cat/plugins?format=json", nil, &installed); err != nil {
		return nil, err
	}
	all, count := map[string]string{}, map[string]int{}
	for _, p := range installed {
		if count[p.Component]++; count[p.Component] >= len(nodes) {
			all[p.Component] = p.Version
		}
	}
	return all, nil
}

// Shape is how many shards and replicas an index has.
func (c *Cluster) Shape(ctx context.Context, path string) (shards, replicas int, err error) {
	var answer map[string]struct {
		Settings struct {
			Index struct {
				Shards   int `json:"number_of_shards,string"`
				Replicas int `json:"number_of_replicas,string"`
			} `json:"index"`
		} `json:"settings"`
	}
	err = c.Do(ctx, http.MethodGet, "/"+path+"/_settings", nil, &answer)
	for _, a := range answer {
		shards, replicas = a.Settings.Index.Shards, a.Settings.Index.Replicas
	}
	return shards, replicas, err
}
