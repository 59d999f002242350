//! A SQL predicate of a policy as a check on batches.
//!
//! A predicate looks at one row and nothing else: no subquery, no aggregate, no clock, no chance,
//! so that a chunk keeps the same rows whenever and wherever it runs. Columns are named exactly as
//! the source names them. SQL's NULL does not let a row pass.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::prep_null_mask_filter;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::sql::sqlparser::ast;
use pseudo_engine::filter::{FilterCompiler, RowFilter};

use crate::error::{self, Error, Forbidden};
use crate::session::{Identifiers, session};

/// Compiles predicates with DataFusion.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filters;

impl Filters {
    /// Compiles `predicate` over the columns of `schema`.
    ///
    /// # Errors
    /// When the text is not a predicate over one row of `schema` whose answer is always the same.
    pub fn filter(self, predicate: &str, schema: &Schema) -> Result<Filter, Error> {
        // A predicate has no operators, and so no memory of theirs.
        let context = session(Identifiers::Exact, 0)?;
        let state = context.state();
        let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let border = |error| error::strip(error, &names);

        let dialect = state.config_options().sql_parser.dialect;
        let parsed = state
            .sql_to_expr_with_alias(predicate, &dialect)
            .map_err(border)?;
        refuse_subqueries(&parsed.expr)?;
        let whole = DFSchema::try_from(nullable(schema)).map_err(border)?;
        let logical = state
            .create_logical_expr_from_sql_expr(parsed, &whole)
            .map_err(border)?;
        refuse_more_than_a_row(&logical)?;
        compile(&state, logical, whole).map_err(|fault| match fault {
            Fault::Ours(error) => error,
            Fault::Upstream(error) => border(error),
        })
    }
}

impl FilterCompiler for Filters {
    fn compile(&self, predicate: &str, schema: &Schema) -> Result<Box<dyn RowFilter>, String> {
        match self.filter(predicate, schema) {
            Ok(filter) => Ok(Box::new(filter)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A predicate, ready for batches.
pub struct Filter {
    columns: Vec<String>,
    schema: SchemaRef,
    expr: Arc<dyn PhysicalExpr>,
}

impl Filter {
    /// Says for each row of `batch` whether it stays.
    ///
    /// # Errors
    /// When the batch lacks a column of the predicate, or a row makes the predicate fail.
    pub fn stays(&self, batch: &RecordBatch) -> Result<BooleanArray, Error> {
        let read = self.project(batch)?;
        let answer = self
            .expr
            .evaluate(&read)
            .map_err(|error| error::strip(error, &[]))?;
        let answer = answer.into_array(read.num_rows());
        let answer = answer.map_err(|error| error::strip(error, &[]))?;
        let rows = answer
            .as_any()
            .downcast_ref::<BooleanArray>()
            .ok_or(Error::Internal)?;
        Ok(if rows.null_count() == 0 {
            rows.clone()
        } else {
            prep_null_mask_filter(rows)
        })
    }

    /// The columns that the predicate reads, by name and in the order it was compiled for.
    fn project(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        for field in self.schema.fields() {
            let array = batch.column_by_name(field.name());
            match array.filter(|array| array.data_type() == field.data_type()) {
                Some(array) => arrays.push(Arc::clone(array)),
                None => {
                    return Err(Error::BatchColumn {
                        column: field.name().clone(),
                    });
                }
            }
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &rows)
            .map_err(|error| error::strip_arrow(&error))
    }
}

impl RowFilter for Filter {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn select(&self, batch: &RecordBatch) -> Result<BooleanArray, String> {
        self.stays(batch).map_err(|error| error.to_string())
    }
}

enum Fault {
    Ours(Error),
    Upstream(datafusion::error::DataFusionError),
}

impl From<datafusion::error::DataFusionError> for Fault {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::Upstream(error)
    }
}

/// Plans the expression over the columns it reads and no others, so that a batch needs no more.
fn compile(state: &SessionState, logical: Expr, whole: DFSchema) -> Result<Filter, Fault> {
    let whole = Arc::new(whole);
    let context = SimplifyContext::builder()
        .with_schema(Arc::clone(&whole))
        .with_config_options(Arc::clone(state.config_options()))
        .build();
    let simplifier = ExprSimplifier::new(context);
    // Some functions, `coalesce` among them, exist before simplification only.
    let logical = simplifier.simplify(simplifier.coerce(logical, &whole)?)?;

    let read: BTreeSet<&str> = logical
        .column_refs()
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    let fields = whole
        .fields()
        .iter()
        .filter(|field| read.contains(field.name().as_str()));
    let fields: Vec<_> = fields.map(|field| field.as_ref().clone()).collect();
    let columns = fields.iter().map(|field| field.name().clone()).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));

    let planned = DFSchema::try_from(Arc::clone(&schema))?;
    let expr = state.create_physical_expr(logical, &planned)?;
    match expr.data_type(&schema)? {
        DataType::Boolean => Ok(Filter {
            columns,
            schema,
            expr,
        }),
        other => Err(Fault::Ours(Error::NotBoolean {
            data_type: type_name(&other),
        })),
    }
}

/// A source may hold NULL where its schema promises none: nothing is concluded from the promise.
fn nullable(schema: &Schema) -> Schema {
    let fields = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true));
    Schema::new(fields.collect::<Vec<_>>())
}

/// The name of a type without its parameters: time zones and field names are text of the source.
fn type_name(data_type: &DataType) -> String {
    let name = data_type.to_string();
    name.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

fn refuse_subqueries(parsed: &ast::Expr) -> Result<(), Error> {
    let found = ast::visit_expressions(parsed, |expr| match expr {
        ast::Expr::Subquery(_) | ast::Expr::Exists { .. } | ast::Expr::InSubquery { .. } => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    match found {
        ControlFlow::Break(()) => Err(Error::Forbidden {
            what: Forbidden::Subquery,
        }),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Lets pass what is decided by one row: what is not on this list is refused.
fn refuse_more_than_a_row(logical: &Expr) -> Result<(), Error> {
    let mut refused = None;
    let walk = logical.apply(|expr| {
        refused = refusal(expr);
        Ok(if refused.is_some() {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    });
    walk.map_err(|error| error::strip(error, &[]))?;
    refused.map_or(Ok(()), Err)
}

fn refusal(expr: &Expr) -> Option<Error> {
    let what = match expr {
        Expr::Alias(_)
        | Expr::Column(_)
        | Expr::Literal(..)
        | Expr::BinaryExpr(_)
        | Expr::Like(_)
        | Expr::SimilarTo(_)
        | Expr::Not(_)
        | Expr::IsNotNull(_)
        | Expr::IsNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Negative(_)
        | Expr::Between(_)
        | Expr::Case(_)
        | Expr::Cast(_)
        | Expr::TryCast(_)
        | Expr::InList(_) => return None,
        Expr::ScalarFunction(call) => {
            let stable = call.func.signature().volatility == Volatility::Immutable;
            let function = || Error::NotDeterministic {
                function: call.name().to_owned(),
            };
            return (!stable).then(function);
        }
        Expr::AggregateFunction(_) | Expr::WindowFunction(_) | Expr::GroupingSet(_) => {
            Forbidden::Aggregate
        }
        Expr::Placeholder(_) | Expr::ScalarVariable(..) => Forbidden::Parameter,
        Expr::Exists(_)
        | Expr::InSubquery(_)
        | Expr::SetComparison(_)
        | Expr::ScalarSubquery(_)
        | Expr::OuterReferenceColumn(..) => Forbidden::Subquery,
        _ => Forbidden::Other,
    };
    Some(Error::Forbidden { what })
}
