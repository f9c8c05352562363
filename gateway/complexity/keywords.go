package complexity

// The built-in keywords, one a line. They are found as whole words; - and . are spaces.

const codeWords = `
algorithm
api client
assertion
bash
bug
c#
c++
callback
class
code
codebase
commit
compile
compiler
css
debug
dependency injection
django
docker
endpoint
exception
flask
function
functions
git
golang
graphql
html
implement
implementation
java
javascript
json
kotlin
lambda
linter
merge conflict
method
mutex
node.js
npm
null pointer
pandas
parser
php
pointer
pull request
pytest
python
race condition
react
recursion
refactor
regex
regular expression
ruby
runtime error
rust
script
segfault
shell
snippet
sql
stack trace
stacktrace
swift
syntax error
terraform
traceback
typescript
unit test
unit tests
variable
vue
yaml`

const reasoningWords = `
by contradiction
by induction
chain of thought
compare and contrast
counterexample
critically evaluate
deduce
derivation
derive
explain why
explain your reasoning
first principles
formal proof
game theory
hypotheses
hypothesis
infer
justify
lemma
logical
logically
necessary and sufficient
optimal strategy
paradox
proof
prove
pros and cons
reason about
reason through
rigorous
rigorously
root cause
show that
show your work
show your working
step by step
theorem
think carefully
think through
trade off
trade offs
tradeoff
tradeoffs
weigh the
what would happen if
work through`

const technicalWords = `
architecture
authentication
authorization
autoscaling
availability
aws
azure
backpressure
bandwidth
benchmark
bottleneck
cache invalidation
caching
cap theorem
ci/cd
cluster
complexity
compliance
concurrency
consensus
consistency
cryptography
data model
data pipeline
database
deadlock
deployment
differential equation
disaster recovery
distributed
embedding
encryption
eventual consistency
failover
fault tolerance
fault tolerant
gcp
gpu
high availability
idempotent
indexing
infrastructure
integral
kafka
kernel
kubernetes
latency
load balancer
load balancing
machine learning
matrix
memory leak
message queue
microservice
microservices
migration
monitoring
multi tenant
multi tenancy
neural network
normalization
oauth
observability
optimization
optimize
orchestration
partitioning
performance
postgres
postgresql
protocol
query plan
rate limiter
rate limiting
redis
redundancy
replication
scalability
scalable
schema
security
sharding
statistical
stream processing
synchronization
system design
threat model
throughput
tls
transaction
transformer
virtualization
vulnerability`

const simpleWords = `
bye
cheers
define
definition of
goodbye
good evening
good morning
good night
hello
hey
hi
how are you
how do you say
how many
how much
how old
in one sentence
in one word
spell
tell me a joke
thank you
thanks
translate
what day
what does
what is
what s
what time
when did
when is
when was
where is
who are you
who is
who was
who wrote`
