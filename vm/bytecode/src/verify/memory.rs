//! What registers take, and what gates hold beside them while they run: bounds from above, up to a small factor, that follow from the module alone.

use crate::facts::on_bits;
use crate::module::{Gate, Module, View};
use crate::op::Op;
use crate::types::RegType;
use smpc_math::netlist::Netlist;

/// Bytes of a plane of 512 lanes, two shares.
const ROW: u64 = 128;

/// Most bytes of wires that an evaluation of a netlist holds at a time, or those of 512 lanes where these are more. Protocols take more lanes in turn.
pub const NETLIST_WIRES: u64 = 64 << 20;

/// Bytes that a sort holds for each row, whatever its columns: the key's digits with the row's number, and the flags and running sums of one digit.
const SORT_ROW: u64 = 256;
/// And for each lane of the table: shuffled, in order, and column by column.
const SORT_LANE: u64 = 48;

/// Bytes of so many lanes.
pub(super) fn bytes(ty: RegType, lanes: u64) -> Option<u64> {
    match ty {
        RegType::Pub { .. } => lanes.checked_mul(8),
        RegType::Arith { .. } => lanes.checked_mul(16),
        RegType::Bin { width } => lanes.div_ceil(512).checked_mul(ROW)?.checked_mul(u64::from(width)),
    }
}

/// Bytes of the wires of a netlist on so many lanes.
pub(super) fn netlist(netlist: &Netlist, lanes: u64) -> u64 {
    let wires = netlist.inputs().iter().map(|width| u64::from(*width)).sum::<u64>() + netlist.gates().len() as u64;
    let block = wires.saturating_mul(ROW);
    block.saturating_mul(lanes.div_ceil(512)).min(block.max(NETLIST_WIRES))
}

/// Bytes that a gate holds beside the registers: a copy of each operand but those that it reads where they are, and the wires of its netlist or what
/// a sort works on. A result is as long as its register at most.
pub(super) fn held(module: &Module, gate: &Gate) -> u64 {
    let operand = |view: &View| {
        let Some(slot) = module.slots.get(view.slot.index()) else { return 0 };
        if !on_bits(gate.op) && *view == View::whole(view.slot, slot.lanes) {
            return 0;
        }
        view.lanes().and_then(|lanes| bytes(slot.ty, lanes)).unwrap_or(u64::MAX)
    };
    let inside = match gate.op {
        Op::Netlist { netlist: id } => {
            let lanes = gate.dst.as_ref().and_then(View::lanes).unwrap_or(0);
            module.netlists.get(id.index()).map_or(0, |circuit| netlist(circuit, lanes))
        }
        Op::Sort { columns } => {
            let lanes = gate.dst.as_ref().and_then(View::lanes).unwrap_or(0);
            (lanes / u64::from(columns.max(1))).saturating_mul(SORT_ROW).saturating_add(lanes.saturating_mul(SORT_LANE))
        }
        _ => 0,
    };
    gate.args.iter().map(operand).fold(inside, u64::saturating_add)
}
