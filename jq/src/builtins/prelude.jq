def in(xs): . as $x | xs | has($x);
def first: .[0];
# Builtins that are jq themselves. Recursive definitions call __tick first, which bounds them.
# Names that begin with two underscores are ours and cannot clash: the compiler refuses them in expressions.

def select(f): if f then . else empty end;
def map(f): [.[] | f];
def map_values(f): [keys_unsorted[] as $k | [$k, first(.[$k] | f)]] as $pairs | __like($pairs);
def recurse(f): def r: __tick | ., (f | r); r;
def recurse(f; cond): def r: __tick | ., (f | select(cond) | r); r;
def recurse: ..;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def isfinite: type == "number" and (isinfinite | not);
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def fromdate: fromdateiso8601;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def date: todate;
def range($from; $upto): range($from; $upto; 1);

def range($upto): range(0; $upto; 1);
def while(cond; update): def w: __tick | if cond then ., (update | w) else empty end; w;
def until(cond; update): def u: __tick | if cond then . else (update | u) end; u;
def repeat(f): def r: __tick | ., (f | r); r;
def limit($n; f):
  if $n > 0 then __limit($n; f)
  elif $n == 0 then empty
  else error("limit doesn't support negative count") end;
def skip($n; f):
  if $n > 0 then __skip($n; f)
  elif $n == 0 then f
  else error("skip doesn't support negative count") end;
def last: .[-1];
def nth($n): .[$n];
def __skip_or_all($n; f): if $n > 0 then __skip($n; f) else f end;
def nth($n; f):
  if $n < 0 then error("nth doesn't support negative indices") else first(__skip_or_all($n; f)) end;
def isempty(g): first((g | false), true);
def any(g; cond): isempty(first(g | cond | if . then . else empty end)) | not;
def all(g; cond): isempty(first(g | cond | if . then empty else true end));
def any: any(.[]; .);
def any(cond): any(.[]; cond);
def all: all(.[]; .);
def all(cond): all(.[]; cond);
def add(f): reduce f as $x (null; . + $x);
def inside(xs): . as $x | xs | contains($x);
def index($i): indices($i) | .[0];
def rindex($i): indices($i) | .[-1:][0];
def combinations:
  if length == 0 then [] else __tick | .[0][] as $x | .[1:] | combinations as $rest | [$x] + $rest end;
def combinations(n): . as $all | [range(n)] | map($all) | combinations;
def walk(f): def w: __tick | if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def debug(msg): .;
def env: $ENV;

def sort_by(f): __sort_by(map([f]));
def group_by(f): __group_by(map([f]));
def unique_by(f): [__group_by(map([f]))[] | .[0]];
def min_by(f): __min_by(map([f]));
def max_by(f): __max_by(map([f]));
def from_entries:
  reduce .[] as $x ({};
    . + { ($x | .key // .name // .Name // .Key | __entry_key): ($x | if has("value") then .value else .Value end) });
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def with_entries(f): to_entries | map(f) | from_entries;

def paths: path(..) | select(length > 0);
def paths(f): . as $top | paths | select(. as $p | $top | getpath($p) | f);
def leaf_paths: paths(scalars);
def del(f): delpaths([path(f)]);
def pick(f): . as $top | reduce path(f) as $p (null; setpath($p; $top | getpath($p)));
def tostream:
  path(def r: __tick | (.[]? | r), .; r) as $p
  | getpath($p)
  | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def fromstream(f):
  {x: null, e: false} as $init
  | foreach f as $i ($init;
      if .e then $init else . end
      | if $i | length == 2
        then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1])
        else setpath(["e"]; $i[0] | length == 1) end;
      if .e then .x else empty end);
def truncate_stream(stream):
  . as $n | null | stream | . as $in
  | if (.[0] | length) > $n then setpath([0]; .[0][$n:]) else empty end;

def __assign(p; $value): reduce path(p) as $p (.; setpath($p; $value));
def __modify(p; f):
  . as $in
  | reduce path(p) as $p ([$in, []];
      .[0] as $now
      | [first($now | getpath($p) | f)] as $new
      | if ($new | length) == 0 then [$now, .[1] + [$p]] else [($now | setpath($p; $new[0])), .[1]] end)
  | .[1] as $gone
  | .[0]
  | if ($gone | length) == 0 then . else delpaths($gone) end;
def __last_or_null(f): [f] | .[-1];

def match($re): __match($re; null) | .[];
def match($re; $flags): __match($re; $flags) | .[];
def test($re): __test($re; null);
def test($re; $flags): __test($re; $flags);
def capture($re): match($re) | __captured;
def capture($re; $flags): match($re; $flags) | __captured;
def scan($re; $flags):
  match($re; "g" + $flags) | if (.captures | length) > 0 then [.captures[].string] else .string end;
def scan($re): scan($re; null);
def split($re; $flags): __split($re; $flags);
def splits($re; $flags): __split($re; $flags) | .[];
def splits($re): splits($re; null);
def sub($re; f; $flags):
  . as $in
  | [match($re; $flags)] as $edits
  | if ($edits | length) == 0 then $in
    else [$edits[] | [__captured | f]] as $inserts | __splice($in; $edits; $inserts) | .[] end;
def sub($re; f): sub($re; f; "");
def gsub($re; f): sub($re; f; "g");
def gsub($re; f; $flags): sub($re; f; $flags + "g");

def INDEX(stream; f): reduce stream as $row ({}; setpath([$row | f | tostring]; $row));
def INDEX(f): INDEX(.[]; f);
def GROUP_BY(f): group_by(f);
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def JOIN($idx; f): [.[] | [., $idx[f]]];
def JOIN($idx; stream; f): stream | [., $idx[f]];
def JOIN($idx; stream; f; join): stream | [., $idx[f]] | join;
def ascii: [.] | implode;
def get_search_list: [];
def input: error("break");
def input_line_number: error("Unknown input line number");
def input_filename: null;
def get_jq_origin: null;
def get_prog_origin: null;
def have_literal_numbers: true;
def have_decnum: true;
def inputs: empty;
def modulemeta: error("modulemeta is not available");
def logb: if . == 0 then -infinite elif isinfinite then infinite elif isnan then . else ilogb end;
def significand: if isinfinite or isnan or . == 0 then . else . / pow(2; ilogb) end;
def gamma: lgamma;
def pow10: pow(10; .);
def drem(x; y): remainder(x; y);
def nexttoward(x; y): nextafter(x; y);
def scalb(x; e): x * pow(2; e);
