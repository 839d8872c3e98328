/** What can stand in one {@link LinkedList} at a time. Links live in the node, so joining allocates nothing. */
export class ListNode {
  next: ListNode | undefined = undefined;
  previous: ListNode | undefined = undefined;
  list: LinkedList<ListNode> | undefined = undefined;
}

/** A line that anyone may leave at once, from any place in it. */
export class LinkedList<Node extends ListNode> {
  first: Node | undefined = undefined;
  last: Node | undefined = undefined;
  size = 0;

  push(node: Node): void {
    node.list = this as unknown as LinkedList<ListNode>;
    node.previous = this.last;
    if (this.last) this.last.next = node;
    else this.first = node;
    this.last = node;
    this.size++;
  }

  /** Does nothing when `node` is not in this list. */
  remove(node: Node): void {
    if (node.list !== (this as unknown as LinkedList<ListNode>)) return;
    const { next, previous } = node;
    if (previous) previous.next = next;
    else this.first = next as Node | undefined;
    if (next) next.previous = previous;
    else this.last = previous as Node | undefined;
    node.next = node.previous = node.list = undefined;
    this.size--;
  }

  shift(): Node | undefined {
    const node = this.first;
    if (node) this.remove(node);
    return node;
  }
}
