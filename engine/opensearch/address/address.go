// Package address is where an index in a cluster of OpenSearch is, and how it is made and
// asked: options, and the address that says them.
package address

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
)

// Options say where a cluster is, and how an index is made there.
type Options struct {
	// Addresses of nodes: http://HOST:PORT or https://HOST:PORT.
	Addresses      []string
	User, Password string
	// CA are certificates in PEM form of authorities that sign those of the nodes, beside
	// those of the system.
	CA []byte
	// Language, Similarity, Shards (1) and Replicas are those of an index that is made;
	// zero values stand for what is there.
	Language         string
	Similarity       tamis.Similarity
	Shards, Replicas int
	// Vectors says how fields keep their vectors, from their first use on, as
	// tamis.Options do; dense ones have 32 bits here.
	Vectors map[string]tamis.VectorField
	// Seismic, where not 0, has an index that is made search sparse vectors approximately too
	// where less than full recall is asked: segments of so many documents and more, by the
	// plugin opensearch-neural-search.
	Seismic int
	// MustExist makes opening fail with tamis.ErrNotFound where there is no index.
	MustExist bool
	// Migrate has an index that another version of tamis made be made anew on opening, while
	// it answers and takes no writes.
	Migrate bool
	// Warn, where not nil, is told of what opening has mended.
	Warn func(format string, args ...any)
	// ReadOnly makes no index, and ends nothing that another writer has left.
	ReadOnly bool
	// Statistics are Global, the default, or Shard.
	Statistics string
	// Patience is how long a request is tried again while no node takes it; 0 is 30 s.
	Patience time.Duration
	// Counters are token counters beside those that a tamis.Budget can name.
	Counters []tamis.Counter
}

// The statistics that scores are made of.
const (
	Global = "global" // of all shards, which are asked first
	Shard  = "shard"  // of each shard for its own
)

// Scheme is what the addresses of indexes begin with: opensearch://HOST:PORT/NAME.
const Scheme = "opensearch://"

// Parse reads opensearch://[USER[:PASSWORD]@]HOST:PORT[,HOST:PORT…]/NAME and what may
// follow: ?tls=true, shards, replicas, statistics, seismic, migrate. A password may come from
// $TAMIS_OPENSEARCH_PASSWORD.
func Parse(address string) (name string, o Options, err error) {
	rest, ok := strings.CutPrefix(address, Scheme)
	if !ok {
		return "", o, fmt.Errorf("address %q does not begin with %s", address, Scheme)
	}
	rest, asked, _ := strings.Cut(rest, "?")
	hosts, name, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		user, password, _ := strings.Cut(hosts[:i], ":")
		if o.User, err = url.PathUnescape(user); err == nil {
			o.Password, err = url.PathUnescape(password)
		}
		if err != nil {
			return "", o, fmt.Errorf("the name and password before @ are not escaped as in a URL")
		}
		hosts = hosts[i+1:]
	}
	o.Password = cmp.Or(o.Password, os.Getenv("TAMIS_OPENSEARCH_PASSWORD"))
	shown := Scheme + hosts + "/" + name // without the password
	if err := Named(name); err != nil || hosts == "" {
		return "", o, fmt.Errorf("address %q: give %sHOST:PORT/NAME: %w", shown, Scheme, cmp.Or(err, errNoHost))
	}
	values, err := url.ParseQuery(asked)
	if err != nil {
		return "", o, fmt.Errorf("address %q: what follows ? is not written as in a URL", shown)
	}
	proto := "http://"
	for key := range values {
		v := values.Get(key)
		var err error
		switch key {
		case "tls":
			var on bool
			if on, err = strconv.ParseBool(v); on {
				proto = "https://"
			}
		case "shards":
			o.Shards, err = strconv.Atoi(v)
		case "replicas":
			o.Replicas, err = strconv.Atoi(v)
		case "seismic":
			o.Seismic, err = strconv.Atoi(v)
		case "migrate":
			o.Migrate, err = strconv.ParseBool(v)
		case "statistics":
			o.Statistics = v
		default:
			return "", o, fmt.Errorf("address %q: unknown %q after ?: use tls, shards, replicas, statistics, seismic or migrate", shown, key)
		}
		if err != nil {
			return "", o, fmt.Errorf("address %q: %s=%s is not a value that it takes", shown, key, v)
		}
	}
	for h := range strings.SplitSeq(hosts, ",") {
		o.Addresses = append(o.Addresses, proto+h)
	}
	return name, o, nil
}

var errNoHost = fmt.Errorf("it names no host")

// Named says what is wrong with the name of an index.
func Named(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("it names no index")
	case name != strings.ToLower(name) || strings.ContainsAny(name, "\\/*?\"<>| ,#:") || strings.ContainsAny(name[:1], "_-+.") || len(name) > 200:
		return fmt.Errorf("%q is no name for an index: use lower-case letters, digits, - and _", name)
	}
	return nil
}
